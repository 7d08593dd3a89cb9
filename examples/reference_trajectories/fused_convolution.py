"""SevenNet-MF-0 as an ASE calculator, with its convolution replaced by a fused kernel for one CPU core.

The stock convolution writes one row per edge for the gathered features and one for their product with the spherical
harmonics; the kernel (fused_convolution.cpp) gathers, multiplies and adds up edge by edge. Optional: the dynamics
also run, slower, with the stock model. To compare the two on a structure:

    python fused_convolution.py runs/2me_start.extxyz
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from ase import Atoms
from ase.io import read
from e3nn import o3
from sevenn.calculator import SevenNetCalculator
from sevenn.nn.convolution import IrrepsConvolution
from torch.utils.cpp_extension import load

MODEL = "7net-mf-0"
MODAL = "R2SCAN"
LANES = 16  # channels the kernel handles at once
LARGEST_FORCE_DIFFERENCE = 5e-6  # eV/Å, relative to forces of a few eV/Å in float32


@cache
def kernel() -> ModuleType:
    """Compile the kernel, or load it from torch's cache of extensions."""
    source = Path(__file__).with_suffix(".cpp")
    return load("fused_convolution", [str(source)], extra_cflags=["-O3", "-march=native", "-ffast-math"])


class FusedProduct(torch.autograd.Function):
    """Gather, tensor product and sum over edges, differentiable in features, harmonics and weights."""

    @staticmethod
    def forward(context, features, harmonics, weights, source, destination, paths, couplings, width):
        """Return the summed products, shape (n_atoms, width)."""
        arrays = (features.contiguous(), harmonics.contiguous(), weights.contiguous())
        context.save_for_backward(*arrays, source, destination, paths, couplings)
        return kernel().forward(*arrays, source, destination, paths, couplings, width)

    @staticmethod
    def backward(context, gradient):
        """Return the gradients of the first three arguments; the others have none."""
        gradients = kernel().backward(gradient.contiguous(), *context.saved_tensors)
        return (*gradients, None, None, None, None, None)


def transpose_blocks(features: torch.Tensor, shapes: list[tuple[int, int]]) -> torch.Tensor:
    """Transpose every block of a row: shapes lists (rows, columns) of the blocks before."""
    blocks = torch.split(features, [rows * columns for rows, columns in shapes], dim=1)
    transposed = [
        block.reshape(-1, rows, columns).transpose(1, 2).reshape(len(features), -1)
        for block, (rows, columns) in zip(blocks, shapes, strict=True)
    ]
    return torch.cat(transposed, 1)


@dataclass(frozen=True)
class PathTable:
    """The paths of one convolution as the kernel reads them.

    Attributes
    ----------
    rows : (n_paths, 9) int32 tensor
        The fields of Path in fused_convolution.cpp.
    couplings : float32 tensor
        Clebsch-Gordan coefficients (Wigner 3j times path weight) of all paths, one after the other.
    input_blocks, output_blocks : list of (channels, components)
    width : int
        Floats per output row.
    """

    rows: torch.Tensor
    couplings: torch.Tensor
    input_blocks: list[tuple[int, int]]
    output_blocks: list[tuple[int, int]]
    width: int


def path_table(convolution: IrrepsConvolution) -> PathTable:
    """Read the paths of a stock convolution from its e3nn tensor product."""
    inputs, harmonics, outputs = (
        o3.Irreps(convolution.convolution_kwargs[key]) for key in ("irreps_in1", "irreps_in2", "irreps_out")
    )
    rows, couplings = [], []
    weight_offset = coupling_offset = 0
    for path in convolution.convolution.instructions:
        first, second, result = inputs[path.i_in1], harmonics[path.i_in2], outputs[path.i_out]
        same = second.mul == 1 and first.mul == result.mul and path.connection_mode == "uvu"
        if not same or first.mul % LANES:
            raise SystemExit(f"the fused kernel does not know the path {first} x {second} -> {result}")
        coupling = o3.wigner_3j(first.ir.l, second.ir.l, result.ir.l) * path.path_weight
        input_offset = inputs.slices()[path.i_in1].start
        harmonics_offset = harmonics.slices()[path.i_in2].start
        output_offset = outputs.slices()[path.i_out].start
        row = [input_offset, first.mul, first.ir.dim, harmonics_offset, second.ir.dim]
        rows.append([*row, output_offset, result.ir.dim, weight_offset, coupling_offset])
        couplings.append(coupling.flatten())
        weight_offset += first.mul
        coupling_offset += coupling.numel()
    return PathTable(
        rows=torch.tensor(rows, dtype=torch.int32),
        couplings=torch.cat(couplings).float().contiguous(),
        input_blocks=[(block.mul, block.ir.dim) for block in inputs],
        output_blocks=[(block.mul, block.ir.dim) for block in outputs],
        width=outputs.dim,
    )


@dataclass(frozen=True)
class FusedForward:
    """Takes the place of IrrepsConvolution.forward."""

    convolution: IrrepsConvolution
    table: PathTable

    def __call__(self, data: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Replace the node features in data by the convolved ones."""
        stock, table = self.convolution, self.table
        weights = stock.weight_nn(data[stock.key_weight_input])
        destination, source = data[stock.key_edge_idx]
        features = transpose_blocks(data[stock.key_x], table.input_blocks)  # to [component][channel]
        output = FusedProduct.apply(
            features,
            data[stock.key_filter],
            weights,
            source.contiguous(),
            destination.contiguous(),
            table.rows,
            table.couplings,
            table.width,
        )
        back = [(components, channels) for channels, components in table.output_blocks]
        data[stock.key_x] = transpose_blocks(output, back).div(stock.denominator)
        return data


def fuse(model: torch.nn.Module) -> int:
    """Replace every convolution of a model, in place; return how many there were."""
    convolutions = [module for module in model.modules() if isinstance(module, IrrepsConvolution)]
    for convolution in convolutions:
        convolution.forward = FusedForward(convolution, path_table(convolution))
    for parameter in model.parameters():
        parameter.requires_grad_(False)  # forces need gradients of positions only
    return len(convolutions)


def potential(*, fused: bool) -> SevenNetCalculator:
    """Return SevenNet-MF-0, modal R2SCAN, on the CPU."""
    calculator = SevenNetCalculator(MODEL, device="cpu", modal=MODAL)
    if fused and fuse(calculator.model) == 0:
        raise SystemExit("this model has no convolution to replace: is sevenn the version in README.md?")
    return calculator


def energy_and_forces(atoms: Atoms, *, fused: bool) -> tuple[float, np.ndarray, float]:
    """Return energy in eV, forces in eV/Å, and the seconds of one evaluation."""
    atoms = atoms.copy()
    atoms.calc = potential(fused=fused)
    for _ in range(3):  # torch optimizes during the first two
        atoms.calc.reset()
        started = time.perf_counter()
        forces = atoms.get_forces()
        seconds = time.perf_counter() - started
    return atoms.get_potential_energy(), forces, seconds


def main() -> None:
    """Compare stock and fused forces; exit with 1 if they differ by more than the limit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("structure", type=Path, help="any file that ASE reads")
    atoms = read(parser.parse_args().structure)
    torch.set_num_threads(1)
    stock_energy, stock_forces, stock_seconds = energy_and_forces(atoms, fused=False)
    fused_energy, fused_forces, fused_seconds = energy_and_forces(atoms, fused=True)
    difference = abs(fused_forces - stock_forces).max()
    print(
        f"stock  {stock_energy:.6f} eV, largest force {abs(stock_forces).max():.3f} eV/Å, {stock_seconds:.2f} s"
    )
    print(
        f"fused  {fused_energy:.6f} eV, largest force {abs(fused_forces).max():.3f} eV/Å, {fused_seconds:.2f} s"
    )
    print(f"largest difference of a force component: {difference:.1e} eV/Å")
    if not difference <= LARGEST_FORCE_DIFFERENCE:
        raise SystemExit(f"more than {LARGEST_FORCE_DIFFERENCE} eV/Å")


if __name__ == "__main__":
    main()
