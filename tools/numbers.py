"""The numbers that the book states: `numbers.yml`, with tolerances and limits.

The file lists, by chapter, the glued numbers that the text shows and the gaps of the
certificates, each with the name of a tolerance. The tolerances stand at its head, each
with its reason. A number with a ``limit`` is a gap: whatever the parameters and the
machine, it must stay below.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from tools.book import Book, BookError, unknown
from tools.chapter import read_data
from tools.glued import Scalar

FILE = "numbers.yml"
PARTS = ("tolerances", "chapters", "uncertified")

PARAMETERS = Path("params", "ci.yml")
"""The parameters for which the book states its numbers."""

HELD, ABOVE, MISSING = "below its limit", "above its limit", "missing"
SAME, WITHIN, DIFFERS, ASIDE = "the same", "near enough", "different", "not compared"
GOOD = (HELD, SAME, WITHIN, ASIDE)
"""Verdicts that let a run pass."""

REMEDY = (
    "Look for the cause in these chapters before you think of the limits, which stand "
    f"in {FILE}."
)

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

    tolerances: dict[str, Tolerance]
    chapters: dict[str, list[Number]]
    uncertified: dict[str, str]

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
    given = read_data(path) or {}
    _require_known(f"part of {path}", given, PARTS)
    rules, chapters, uncertified = (given.get(part) or {} for part in PARTS)
    _require_known(f"chapter in {path}", (*chapters, *uncertified), book.chapters())
    stated = Stated({}, {}, uncertified)
    for name, rule in rules.items():
        stated.tolerances[name] = _make(Tolerance, f"tolerance {name}", name, rule)
    for stem, entries in chapters.items():
        stated.chapters[stem] = []
        for name, entry in (entries or {}).items():
            what, rule = f"{name} of {stem}", entry.get("tolerance")
            _require_known(f"tolerance of {what}", [rule], stated.tolerances)
            fields = entry | {"tolerance": stated.tolerances[rule]}
            stated.chapters[stem].append(_make(Number, what, name, fields))
    return stated


def _require_known(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a name that is not among the known ones."""
    for name in names:
        if name not in known:
            raise unknown(kind, str(name), known)


def _make(kind: type, what: str, name: str, fields: dict[str, Any]) -> Any:
    """Make a dataclass from a line of the file, or say what is wrong with the line."""
    try:
        made = kind(name, **fields)
    except TypeError as error:
        raise BookError(f"{what} in {FILE} cannot be read: {error}.") from None
    if fields.get("limit") is not None and not made.why:
        raise BookError(
            f"{what} in {FILE} must say, as `why`, what its limit certifies."
        )
    return made


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
    stated, fresh = as_number(number.value), as_number(found)
    if found is None:
        status = MISSING
    elif number.limit is not None:
        status = HELD if holds(number, found) else ABOVE
    elif not number.tolerance.compared:
        status = ASIDE
    elif stated is None or fresh is None:
        same = found == number.value and type(found) is type(number.value)
        status = SAME if same else DIFFERS
    else:
        apart, allowed = abs(fresh - stated), _allowed(number, stated, found)
        status = (WITHIN if apart else SAME) if apart <= allowed else DIFFERS
        return Verdict(number, found, status, apart, allowed)
    return Verdict(number, found, status)


def _allowed(number: Number, stated: Decimal, found: Scalar) -> Decimal:
    """Tell how far two numbers may be apart."""
    rule = number.tolerance
    step = max(last_digit(number, number.value), last_digit(number, found))
    shares = (rule.relative, abs(stated)), (rule.absolute, 1), (rule.units, step)
    return max(Decimal(str(share)) * whole for share, whole in shares)


def holds(number: Number, found: Scalar) -> bool:
    """Tell whether a gap is at most its limit, however its last digit was rounded."""
    gap, rounding = as_number(found), last_digit(number, found) / 2
    return gap is not None and gap + rounding <= Decimal(str(number.limit))


def as_number(value: Scalar | None) -> Decimal | None:
    """Read a glued value as a finite number; None if it is none."""
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
    wrong = []
    for stem, gap in ((k, gap) for k in values for gap in stated.gaps(k)):
        found = judge(gap, values[stem])
        if not found.good and (gap.always or stem not in changed):
            none = "the chapter glued no such number"
            got = none if found.status == MISSING else f"got {found.found}{gap.unit}"
            must = f"must be at most {gap.limit}{gap.unit}; {got}."
            wrong.append(f"{stem}: {gap.name} ({gap.why}) {must}")
    if wrong:
        raise BookError("\n  ".join(["Certificates do not hold:", *wrong, REMEDY]))
