"""Ensembles of several networks, named after their members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec
from fracture_core.zoo.architecture import GRIDS_LAYER, Architecture

if TYPE_CHECKING:
    import keras

#: Separator of the member names in the name of an ensemble.
MEMBER_SEPARATOR = "+"


@dataclass(frozen=True)
class Ensemble(Architecture):
    """Several networks whose calibrated probabilities for one image are averaged.

    Attributes:
        members: Architecture of each network; repetitions are allowed.
    """

    members: tuple[Architecture, ...] = ()

    @classmethod
    def of(cls, members: Sequence[Architecture]) -> Ensemble:
        """Describe the ensemble of some architectures."""
        titles = sorted({member.title for member in members})
        return cls(
            name=MEMBER_SEPARATOR.join(member.name for member in members),
            title=f"Average of {len(members)} networks ({', '.join(titles)})",
            source="Deep ensembles: Lakshminarayanan et al. 2017, arXiv:1612.01474",
            input=members[0].input,
            heatmap_layer=GRIDS_LAYER,
            members=tuple(members),
        )

    def build(self, spec: InputSpec) -> keras.Model:
        """Build a new network of all members; see `Architecture.build`.

        Args:
            spec: Input of every member.

        Returns:
            The joined network.

        Raises:
            ModelError: The heatmap layers of the members differ in size, so they have no common heatmap.
        """
        # Keras takes seconds to import, and a description alone does not need it.
        from fracture_core.zoo.average import join_networks

        models = [member.build(spec) for member in self.members]
        layers = [member.heatmap_layer for member in self.members]
        grids = [
            tuple(model.get_layer(layer).output.shape[1:3])
            for model, layer in zip(models, layers, strict=True)
        ]
        if len(set(grids)) > 1:
            sizes = ", ".join(
                f"{rows} × {columns} ({member.title})"
                for (rows, columns), member in zip(grids, self.members, strict=True)
            )
            raise ModelError(
                f"The heatmaps of these networks differ in size ({sizes}): average models of one architecture and "
                "input size."
            )
        return join_networks(models, layers)
