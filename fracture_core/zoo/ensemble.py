"""Ensemble: several networks of the zoo as one row, named by its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec
from fracture_core.zoo.architecture import GRIDS_LAYER, Architecture

if TYPE_CHECKING:
    import keras

#: Between the names of members in the name of an ensemble.
MEMBER_SEPARATOR = "+"


@dataclass(frozen=True)
class Ensemble(Architecture):
    """Several networks that see the same film, their calibrated probabilities averaged.

    Attributes:
        members: their rows, one a network; the same row may stand there several times.
    """

    members: tuple[Architecture, ...] = ()

    @classmethod
    def of(cls, members: Sequence[Architecture]) -> Ensemble:
        """The row of some members."""
        titles = sorted({row.title for row in members})
        return cls(
            name=MEMBER_SEPARATOR.join(row.name for row in members),
            title=f"Average of {len(members)} networks ({', '.join(titles)})",
            source="Deep ensembles: Lakshminarayanan et al. 2017, arXiv:1612.01474",
            input=members[0].input,
            heatmap_layer=GRIDS_LAYER,
            members=tuple(members),
        )

    def build(self, spec: InputSpec) -> keras.Model:
        """A fresh network of all members; see `Architecture.build`.

        Raises:
            ModelError: the grids that explain the members differ in size, so that no one heatmap can be drawn.
        """
        # Keras takes seconds to load, and a row alone needs none of it.
        from fracture_core.zoo.average import join_networks

        models = [row.build(spec) for row in self.members]
        layers = [row.heatmap_layer for row in self.members]
        grids = [
            tuple(model.get_layer(layer).output.shape[1:3])
            for model, layer in zip(models, layers, strict=True)
        ]
        if len(set(grids)) > 1:
            sizes = ", ".join(
                f"{rows} × {columns} ({row.title})"
                for (rows, columns), row in zip(grids, self.members, strict=True)
            )
            raise ModelError(
                f"Expected networks whose heatmaps have one grid, but they have {sizes}: average models of one "
                "architecture and input size."
            )
        return join_networks(models, layers)
