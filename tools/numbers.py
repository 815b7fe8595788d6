"""The numbers that the book states: `numbers.yml`, with tolerances and limits.

The file lists, by chapter, the glued numbers that the text shows and the gaps of the
certificates, each with the name of a tolerance. The tolerances stand at its head, each
with its reason. A number with a ``limit`` is a gap: whatever the parameters and the
machine, it must stay below.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from tools.book import Book, BookError, read_yaml, unknown
from tools.glued import Scalar

FILE = "numbers.yml"

PARAMETERS = Path("params", "ci.yml")
"""The parameters for which the book states its numbers."""

HELD, ABOVE, MISSING = "below its limit", "above its limit", "missing"
SAME, WITHIN, DIFFERS, ASIDE = "the same", "near enough", "different", "not compared"
GOOD = (HELD, SAME, WITHIN, ASIDE)
"""Verdicts that let a run pass."""

Values = Mapping[str, Scalar]


@dataclass(frozen=True)
class Tolerance:
    """How far a recomputed number may lie from the stated one; the largest counts.

    Attributes
    ----------
    name, why : str
        What it is called, and its reason.
    relative : float
        Of the stated number.
    absolute : float
        In the number's own unit.
    units : float
        Of the last printed digit, of that number which shows fewer.
    compared : bool
        False for what the clock decides, and for gaps, which have a limit instead.
    """

    name: str
    why: str
    relative: float = 0.0
    absolute: float = 0.0
    units: float = 0.0
    compared: bool = True


@dataclass(frozen=True)
class Number:
    """A number that the book states.

    Attributes
    ----------
    name : str
        What the chapter glues it as.
    value : number, str or bool
        As it was glued; numbers that were formatted are strings.
    tolerance : Tolerance
    limit : float, optional
        The most that it may be, for the gap of a certificate.
    unit : str
        ``"%"`` if it is in percent.
    step : float
        What a float was rounded to; a string shows that by its digits.
    always : bool
        False if the limit is for the book's own parameters only.
    why : str
        What it certifies, or why its tolerance fits.
    """

    name: str
    value: Scalar
    tolerance: Tolerance
    limit: float | None = None
    unit: str = ""
    step: float = 0.0
    always: bool = True
    why: str = ""


@dataclass(frozen=True)
class Stated:
    """What `numbers.yml` says.

    Attributes
    ----------
    tolerances : dict
        By their names.
    chapters : dict
        The stem of each chapter to its numbers.
    uncertified : dict
        Chapters without a certificate, and why they have none.
    """

    tolerances: dict[str, Tolerance] = field(default_factory=dict)
    chapters: dict[str, list[Number]] = field(default_factory=dict)
    uncertified: dict[str, str] = field(default_factory=dict)

    def of(self, stem: str) -> list[Number]:
        """List the numbers of a chapter."""
        return self.chapters.get(stem, [])

    def gaps(self, stem: str) -> list[Number]:
        """List the gaps of a chapter's certificates."""
        return [number for number in self.of(stem) if number.limit is not None]


def read(book: Book) -> Stated:
    """Read the file, and refuse names that do not exist.

    Raises
    ------
    BookError
        On a missing file, an unknown chapter, tolerance or field, and on a limit
        without a word on what it is the limit of.
    """
    path = book.root / FILE
    given = read_yaml(path) or {}
    parts = ("tolerances", "chapters", "uncertified")
    for name in given:
        if name not in parts:
            raise unknown(f"part of {path}", str(name), parts)
    tolerances = {
        name: _make(Tolerance, f"tolerance {name}", {"name": name, **entry})
        for name, entry in (given.get("tolerances") or {}).items()
    }
    chapters = given.get("chapters") or {}
    uncertified = given.get("uncertified") or {}
    for stem in (*chapters, *uncertified):
        if stem not in book.chapters():
            raise unknown(f"chapter in {path}", str(stem), book.chapters())
    numbers = {
        stem: [_number(stem, *pair, tolerances) for pair in (entries or {}).items()]
        for stem, entries in chapters.items()
    }
    return Stated(tolerances, numbers, uncertified)


def _number(
    stem: str, name: str, entry: dict, tolerances: dict[str, Tolerance]
) -> Number:
    """Make a number from its line in the file."""
    chosen = entry.get("tolerance")
    if chosen not in tolerances:
        raise unknown(f"tolerance of {name} of {stem}", str(chosen), tolerances)
    fields = {**entry, "name": name, "tolerance": tolerances[chosen]}
    number = _make(Number, f"{name} of {stem}", fields)
    if number.limit is not None and not number.why:
        raise BookError(
            f"{name} of {stem} in {FILE} must say, as `why`, what its limit certifies."
        )
    return number


def _make(kind: type, what: str, fields: dict[str, Any]) -> Any:
    """Make a dataclass from a line of the file, or say what is wrong with the line."""
    try:
        return kind(**fields)
    except TypeError as error:
        raise BookError(f"{what} in {FILE} cannot be read: {error}.") from None


@dataclass(frozen=True)
class Verdict:
    """What became of a number: how it compares with the stated one.

    Attributes
    ----------
    number : Number
    found : number, str or bool, optional
        The recomputed one.
    status : str
        One of the constants of this module.
    difference, allowed : Decimal, optional
        How far the two are apart, and how far they may be.
    """

    number: Number
    found: Scalar | None
    status: str
    difference: Decimal | None = None
    allowed: Decimal | None = None

    @property
    def good(self) -> bool:
        """Whether the run passes with it."""
        return self.status in GOOD


def judge(number: Number, values: Values) -> Verdict:
    """Compare the number of that name among the recomputed values with the stated."""
    found = values.get(number.name)
    if found is None:
        return Verdict(number, None, MISSING)
    if number.limit is not None:
        held = holds(number, found)
        return Verdict(number, found, HELD if held else ABOVE)
    if not number.tolerance.compared:
        return Verdict(number, found, ASIDE)
    pair = as_number(number.value), as_number(found)
    if None in pair:
        same = found == number.value and type(found) is type(number.value)
        return Verdict(number, found, SAME if same else DIFFERS)
    return _by_distance(number, found, *pair)


def _by_distance(
    number: Number, found: Scalar, stated: Decimal, fresh: Decimal
) -> Verdict:
    """Compare two finite numbers."""
    tolerance = number.tolerance
    step = max(last_digit(number, number.value), last_digit(number, found))
    allowed = max(
        Decimal(str(tolerance.relative)) * abs(stated),
        Decimal(str(tolerance.absolute)),
        Decimal(str(tolerance.units)) * step,
    )
    difference = abs(fresh - stated)
    status = WITHIN if difference <= allowed else DIFFERS
    status = status if difference else SAME
    return Verdict(number, found, status, difference, allowed)


def holds(number: Number, found: Scalar) -> bool:
    """Tell whether a gap is at most its limit, however its last digit was rounded."""
    gap = as_number(found)
    if gap is None:
        return False
    rounding = last_digit(number, found) / 2
    return gap + rounding <= Decimal(str(number.limit))


def as_number(value: Scalar) -> Decimal | None:
    """Read a glued value as a finite number; None if it is none."""
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value).replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def last_digit(number: Number, value: Scalar) -> Decimal:
    """Tell the unit of the last digit that a value shows; 0 for a float in full."""
    if number.step:
        return Decimal(str(number.step))
    read = as_number(value)
    exact = isinstance(value, float) or read is None or str(value) == "0e+00"
    return Decimal(0) if exact else Decimal(1).scaleb(read.as_tuple().exponent)


def require_gaps(
    stated: Stated, values: Mapping[str, Values], changed: Collection[str] = ()
) -> None:
    """Refuse a book in which a certificate is above its gap, or has none.

    Parameters
    ----------
    stated : Stated
    values : mapping
        The stem of each executed chapter to the values that it glued.
    changed : collection of str
        Chapters that ran with other parameters than the book's; limits that are not
        for ``always`` do not bind them.

    Raises
    ------
    BookError
        Which names all of them.
    """
    judged = [
        (stem, judge(gap, values[stem]))
        for stem in values
        for gap in stated.gaps(stem)
        if gap.always or stem not in changed
    ]
    wrong = [_complaint(stem, verdict) for stem, verdict in judged if not verdict.good]
    if wrong:
        raise BookError("\n  ".join(["Certificates do not hold:", *wrong, REMEDY]))


REMEDY = (
    "Look for the cause in these chapters before you think of the limits, which stand "
    f"in {FILE}."
)


def _complaint(stem: str, verdict: Verdict) -> str:
    """Say what is wrong with the gap of a certificate."""
    gap, unit = verdict.number, verdict.number.unit
    must = f"{stem}: {gap.name} ({gap.why}) must be at most {gap.limit}{unit}"
    if verdict.status == MISSING:
        return f"{must}; the chapter glued no such number."
    return f"{must}; got {verdict.found}{unit}."
