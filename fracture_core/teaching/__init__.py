"""Teaching files: failures collected and put in order, shown one after the other, and taken along."""
