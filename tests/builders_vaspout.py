"""vaspout.h5 with every number known, in the layout that py4vasp reads (its raw definition of the schema)."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

MD_TAGS = (
    "ion-electron   TOTEN   ",
    "kinetic energy EKIN    ",
    "kin. lattice   EKIN_LAT",
    "temperature    TEIN    ",
    "nose potential ES      ",
    "nose kinetic   EPS     ",
    "total energy   ETOTAL  ",
)
RELAXATION_TAGS = ("free energy    TOTEN   ", "energy without entropy ", "energy(sigma->0)       ")


@dataclass
class VaspoutRun:
    """Molecular dynamics (or a relaxation) of Pb and I."""

    n_steps: int = 4
    types: tuple[str, ...] = ("Pb", "I ")
    counts: tuple[int, ...] = (1, 3)
    incar: dict[str, Any] = field(
        default_factory=lambda: {"IBRION": 0, "NSW": 10, "POTIM": 1.5, "SYSTEM": b"PbI3"}
    )
    scale: float = 1.0
    variable_cell: bool = False
    moments: int = 0  # components: 0, 1, 2 or 4
    seed: int = 0
    packed: bool = False
    without: tuple[str, ...] = ()
    rows_per_chunk: int = 1

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        t, n = self.n_steps, sum(self.counts)
        self.positions = random.random((t, n, 3))
        cell = np.array([[6.0, 0.0, 0.0], [-1.25, 5.5, 0.0], [0.5, -0.75, 7.1]])
        self.lattice = cell * (1 + 0.01 * np.arange(t)[:, None, None] * self.variable_cell)
        self.forces = random.normal(size=(t, n, 3))
        stress = random.normal(0, 30, (t, 3, 3))
        self.stress = stress + stress.transpose(0, 2, 1)  # kB, as printed
        self.tags = MD_TAGS if self.incar.get("IBRION") == 0 else RELAXATION_TAGS
        self.energies = random.normal(size=(t, len(self.tags)))
        self.site_moments = random.normal(size=(t, max(self.moments, 1), n, 3))

    @property
    def species(self) -> tuple[str, ...]:
        return tuple(
            symbol.strip() for symbol, n in zip(self.types, self.counts, strict=True) for _ in range(n)
        )

    def fill(self, root: h5py.File) -> None:
        steps = {
            "position_ions": self.positions,
            "lattice_vectors": self.lattice,
            "forces": self.forces,
            "stress": self.stress,
            "energies": self.energies,
            "electronic_step_converged": np.arange(self.n_steps) % 2,
        }
        if self.moments:
            steps["magnetism/spin_moments/values"] = self.site_moments
        for name, values in steps.items():
            if name in self.without:
                continue
            root.create_dataset(
                f"intermediate/ion_dynamics/{name}",
                data=values,
                maxshape=(None, *values.shape[1:]),
                chunks=(self.rows_per_chunk, *values.shape[1:]),
                compression="gzip" if self.packed else None,
            )
        plain = {
            "intermediate/ion_dynamics/scale": self.scale,
            "intermediate/ion_dynamics/energies_tags": np.array(self.tags, "S24"),
            "results/positions/ion_types": np.array(self.types, "S2"),
            "results/positions/number_ion_types": np.array(self.counts, np.int32),
            "input/poscar/ion_types": np.array(self.types, "S2"),
            "input/poscar/number_ion_types": np.array(self.counts, np.int32),
            "version/major": np.int32(6),
            "version/minor": np.int32(4),
            "version/patch": np.int32(2),
        } | {f"input/incar/{key}": value for key, value in self.incar.items()}
        for name, value in plain.items():
            if name not in self.without:
                root[name] = value

    def data(self) -> bytes:
        stream = io.BytesIO()
        with h5py.File(stream, "w") as root:
            self.fill(root)
        return stream.getvalue()
