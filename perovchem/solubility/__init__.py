"""Which additive dissolves the most: what each evidence says, where they disagree, and what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from perovchem.conclusions import Conclusions, Joined, joined, settings_of
from perovchem.errors import UsageError
from perovchem.evidence import Conclusion, Evidence, Measured
from perovchem.rank_correlation import DRAWS
from perovchem.ranking import COVERAGE
from perovchem.result import Provenance
from perovchem.solubility.answer import answer, apart
from perovchem.solubility.beside import against_measured, why
from perovchem.solubility.first import as_measured, best, disagreement, together

__all__ = ["Solubility", "solubility"]


@dataclass(frozen=True, eq=False, repr=False)
class Solubility(Conclusions):
    """Which subject dissolves the most, by each evidence and as measured: see :class:`Conclusions`.

    Its conclusions are, in this order: the answer in short (kind "answer"), what goes with being the best ("why"),
    whether the evidences name one subject ("agreement" or "disagreement"), what each names ("best"), which two disagree
    and about what ("disagreement"), what was measured ("measured"), and each evidence against it ("test").
    """


def solubility(
    evidence: Sequence[Evidence],
    *,
    measured: Measured | Sequence[Measured] | None = None,
    title: str = "",
    coverage: float = COVERAGE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Solubility:
    """Return which subject dissolves the most by each evidence, with what speaks for and against it.

    Evidences are never averaged and get no score: where they disagree, that is a conclusion. What was measured is
    compared with them by rank correlations with exact p-values, and is an input to none.

    Parameters
    ----------
    evidence : sequence of Evidence
        Columns over the same subjects. Those with ``better`` name a best; the others are shown beside it.
    measured : Measured or sequence of Measured, optional
        Solubilities, or ranks of them (``better="lower"``).
    title : str
    coverage : float
        Standard uncertainties that a difference must exceed to be decided.
    draws, seed : int
        Of values within their uncertainties.

    Returns
    -------
    Solubility

    Raises
    ------
    UsageError
        If there is no evidence, or a column makes no sense: with what to write.

    Examples
    --------
    >>> binding = Evidence(
    ...     "ΔG of binding", {"MAI": -444.0, "MABr": -440.0, "MACl": -399.0},
    ...     {"MAI": 10.0, "MABr": 10.0, "MACl": 10.0}, "kJ/mol", "lower")
    >>> found = solubility([binding], measured=Measured("rank", {"MAI": 1, "MABr": 2, "MACl": 3}, better="lower"))
    >>> print(found.conclusions[0].statement)
    Which dissolves the most is not decided: MAI is first by ΔG of binding, not separated from MABr; 1 is behind it
    beyond the uncertainties. Order: MAI, MABr, MACl. Measured (rank): of the 3 that were, MAI too is first. So few
    were measured that no agreement in rank can be significant.
    >>> print(found.conclusions[1].statement)
    By ΔG of binding: MAI dissolves the most of 3 (-444 ± 10 kJ/mol), not separated from MABr (4 ± 14 kJ/mol higher,
    undecided). Order: MAI ≈ MABr > MACl ...
    >>> found.correlations[0].tau.value, found.correlations[0].tau.can_be_significant
    (1.0, False)
    """
    for column in evidence if not isinstance(evidence, Evidence) else ():
        if isinstance(column, Evidence) and (column.threshold is not None or column.resolution is not None):
            raise UsageError(
                f"{column.name!r} has a threshold or a resolution", fix="leave it out: those are for doping"
            )
    table = joined(evidence, measured, coverage=coverage, draws=draws, seed=seed)
    settings = {"coverage": coverage, "draws": draws, "seed": seed}
    return Solubility(
        title=title,
        subjects=table.subjects,
        evidence=tuple(evidence),
        measured=table.measured,
        rankings=(*table.rankings, *table.measured_rankings),
        agreements=(*table.agreements, *table.tested),
        correlations=table.correlations,
        conclusions=tuple(_conclusions(table, draws)),
        notes=table.notes,
        provenance=Provenance(settings=settings_of(title, evidence, table.measured, **settings)),
    )


def _conclusions(table: Joined, draws: int) -> Iterator[Conclusion]:
    """Yield all conclusions in their order."""
    directed = list(table.directed())
    if not directed:
        subjects = f"{len(table.subjects)} subject{'s' * (len(table.subjects) != 1)}"
        yield Conclusion(
            "best",
            table.subjects,
            f"No evidence says which of {subjects} dissolves better: none has a direction and two values to compare.",
        )
    else:
        yield answer(table, directed)
    yield from why(table, directed)
    if len(directed) > 1 and not apart(directed):
        yield together(directed)
    for column, order in directed:
        yield best(column, order, table, directed, draws)
    for one in table.agreements:
        if one.opposite:
            yield disagreement(one, table)
    for truth, order in zip(table.measured, table.measured_rankings, strict=True):
        if len(order.order) > 1:
            yield as_measured(truth, order, directed)
    yield from against_measured(table)
