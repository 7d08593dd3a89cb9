"""Which ion enters the lattice: what each evidence decides, where they disagree, and what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perovchem.conclusions import Conclusions, joined, settings_of
from perovchem.doping.decisions import IonVerdict, verdict_of
from perovchem.doping.sentences import conclusions_of
from perovchem.evidence import Evidence, Measured
from perovchem.rank_correlation import DRAWS
from perovchem.ranking import COVERAGE
from perovchem.result import Provenance

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Doping", "IonVerdict", "doping"]


@dataclass(frozen=True, eq=False, repr=False)
class Doping(Conclusions):
    """Which subjects enter the lattice, by each evidence and as measured: see :class:`Conclusions`.

    Its conclusions are, in this order: the answer in short (kind "answer"), one per subject ("ion"), what each
    evidence decides, beside what was measured ("test"), which two disagree ("disagreement"), and what goes with
    entering ("why").

    Attributes
    ----------
    verdicts : tuple of IonVerdict
        One per subject.
    """

    verdicts: tuple[IonVerdict, ...] = ()

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per subject: verdict and measured outcome, then each column."""
        table = super().to_dataframe()
        table.insert(1, "verdict", [one.verdict for one in self.verdicts])
        table.insert(2, "outcome", [one.measured or None for one in self.verdicts])
        return table


def doping(
    evidence: Sequence[Evidence],
    *,
    measured: Measured | Sequence[Measured] | None = None,
    title: str = "",
    coverage: float = COVERAGE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Doping:
    """Return which subjects enter the lattice by each evidence, with what speaks for and against it.

    Words decide ("enters", "does not enter", "undecided"), and numbers with a threshold, unless they lie within
    ``coverage`` standard uncertainties of it. Numbers with a resolution say what would be seen if the ion entered; all
    other numbers are only shown beside. What is undecided counts for neither side, evidences are never averaged, and
    what was measured is an input to none.

    Parameters
    ----------
    evidence : sequence of Evidence
        Columns over the same subjects (guest ions, or guests on sites).
    measured : Measured or sequence of Measured, optional
        Outcomes by XPS, NMR, XRD ...: words, or numbers that are zero where nothing entered.
    title : str
    coverage : float
        Standard uncertainties that a difference must exceed to be decided.
    draws, seed : int
        Of values within their uncertainties.

    Returns
    -------
    Doping

    Raises
    ------
    UsageError
        If there is no evidence, or a column makes no sense: with what to write.

    Examples
    --------
    >>> rule = Evidence("radius mismatch", {"Br": 8.3, "I": 21.5}, {"Br": 1.1, "I": 1.2}, "%", "lower", threshold=15)
    >>> found = doping([rule], measured=Measured("XPS", {"Br": "enters", "I": "not found"}))
    >>> [(one.subject, one.verdict, one.measured) for one in found.verdicts]
    [('Br', 'enters', 'enters'), ('I', 'does not enter', 'does not enter')]
    >>> print(found.conclusions[0].statement)
    Br enters; I does not enter, by radius mismatch. Measured the same: Br and I.
    >>> print(found.conclusions[2].statement)
    I does not enter, by radius mismatch (21.5 ± 1.2 %, limit 15 %); measured the same (XPS: not found).
    """
    table = joined(evidence, measured, coverage=coverage, draws=draws, seed=seed)
    settings = {"coverage": coverage, "draws": draws, "seed": seed}
    verdicts = tuple(verdict_of(one, table, coverage) for one in table.subjects)
    return Doping(
        title=title,
        subjects=table.subjects,
        evidence=tuple(evidence),
        measured=table.measured,
        rankings=(*table.rankings, *table.measured_rankings),
        agreements=(*table.agreements, *table.tested),
        correlations=table.correlations,
        conclusions=tuple(conclusions_of(table, verdicts, coverage)),
        notes=table.notes,
        provenance=Provenance(settings=settings_of(title, evidence, table.measured, **settings)),
        verdicts=verdicts,
    )
