"""The formulas of the statistics rules by the book: plain products with 80 digits, and a logarithm at the very end.

Each function goes through a whole stream and returns ln E after every look. Nothing is shared with what it checks.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from fractions import Fraction
from functools import wraps
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")
_NONE = Decimal(0)
_DIGITS = Context(prec=80, Emax=MAX_EMAX, Emin=MIN_EMIN)

TO_LIMIT = ["1.3", "1.5", "2", "3", "5", "9", "20", "60"]
WEIGHTS = ["1", "1", "1", "1", "1", "0.5", "0.25", "0.12"]
PAIR_FRACTIONS = ["0.05", "0.1", "0.2", "0.35", "0.5", "0.7", "0.9"]


def with_80_digits(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Computes whatever it computes with 80 digits and without overflow."""

    @wraps(function)
    def exact(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        with localcontext(_DIGITS):
            return function(*args, **kwargs)

    return exact


class Capital:
    """M_j and the cash, as plain numbers."""

    def __init__(self, weights: Iterable[str], planned: float | None) -> None:
        given = [Decimal(weight) for weight in weights]
        self.weights = [weight / sum(given) for weight in given]
        self.planned = planned
        self.cash = Decimal(0) if planned is None else Decimal("0.2")
        self.parts = [(1 - self.cash) * weight for weight in self.weights]

    def inject(self, n: int) -> None:
        """What n trials move from the cash to the alternatives."""
        if self.planned is not None:
            # What is left is a product, not a difference: of 80 digits none is lost where almost all is moved.
            left = self.cash * (-Decimal(n) / Decimal(self.planned)).exp()
            moved, self.cash = self.cash - left, left
            self.parts = [part + moved * weight for part, weight in zip(self.parts, self.weights, strict=True)]

    def multiply(self, factors: Iterable[Decimal]) -> None:
        """One factor for each alternative."""
        self.parts = [part * factor for part, factor in zip(self.parts, factors, strict=True)]

    def total(self, factors: Iterable[Decimal] | None = None) -> float:
        """The ln E, as it would be after these factors."""
        parts = self.parts if factors is None else [p * f for p, f in zip(self.parts, factors, strict=True)]
        return float(sum(parts, self.cash).ln())


def odds(ratio: Decimal, rate: Decimal) -> Decimal:
    """The rate at so many times the odds."""
    moved = ratio * rate / (1 - rate)
    return moved / (1 + moved)


def above(limit: Decimal) -> list[tuple[Decimal, str]]:
    """Rates to bet on and their weights; those whose odds reach 9 are dropped, 1.3 never."""
    return [
        (odds(Decimal(ratio), limit), weight)
        for ratio, weight in zip(TO_LIMIT, WEIGHTS, strict=True)
        if ratio == "1.3" or Decimal(ratio) * limit / (1 - limit) < 9
    ]


def _likelihoods(rates: Sequence[Decimal], null: Decimal, n: int, bad: int) -> list[Decimal]:
    return [(rate / null) ** bad * ((1 - rate) / (1 - null)) ** (n - bad) for rate in rates]


@with_80_digits
def rate(limit: float, planned: float, looks: Iterable[tuple[int, int]]) -> list[float]:
    """§1."""
    null = Decimal(limit)
    rates, weights = zip(*above(null), strict=True)
    capital, found = Capital(weights, planned), []
    for n, bad in looks:
        capital.inject(n)
        capital.multiply(_likelihoods(rates, null, n, bad))
        found.append(capital.total())
    return found


@with_80_digits
def clipped(limit: float, planned: float, looks: Iterable[tuple[int, int]]) -> list[float]:
    """§5, `clip`: blocks of whole looks, closed by the look that fills them; 8 bad for each full length, of those that
    are there when they come; what is missing is good; roots.
    """
    null = Decimal(limit)
    rates, weights = zip(*above(null), strict=True)
    capital, found = Capital(weights, planned), []
    length = max(8, round(3 / limit))
    requests = counted = 0
    for n, bad in looks:
        if not requests and n:
            capital.inject(max(length, n))
        requests += n
        for _ in range(bad):
            counted += counted < (8 if requests < length else 8 * requests // length)
        factors = [one.sqrt() for one in _likelihoods(rates, null, max(requests, length) if requests else 0, counted)]
        found.append(capital.total(factors))
        if requests >= length:
            capital.multiply(factors)
            requests = counted = 0
    return found


@with_80_digits
def rate_advance(limit: float, margin: float, looks: Iterable[tuple[int, int]]) -> list[float]:
    """§6."""
    null = Decimal(limit) * (1 + Decimal(margin))
    rates = [Decimal(limit) / Decimal(divisor) for divisor in ("1.3", "1.5", "2", "3", "5")]
    rates += [Decimal(limit)] if margin else []
    capital, found = Capital(["1"] * len(rates), None), []
    for n, bad in looks:
        capital.multiply(_likelihoods(rates, null, n, bad))
        found.append(capital.total())
    return found


@with_80_digits
def rate_detector(limit: float, looks: Iterable[tuple[int, int]]) -> list[float]:
    """§4, rates."""
    null = Decimal(limit)
    rates, given = zip(*above(null), strict=True)
    weights = [Decimal(weight) / sum(map(Decimal, given)) for weight in given]
    sums, found = [Decimal(0)] * len(rates), []
    for n, bad in looks:
        factors = _likelihoods(rates, null, n, bad)
        sums = [(one + n) * factor for one, factor in zip(sums, factors, strict=True)]
        mean = sum((one * weight for one, weight in zip(sums, weights, strict=True)), Decimal(0))
        found.append(float(mean.ln()))
    return found


@with_80_digits
def mean_detector(reference: dict[float, int], tolerance: float, looks: Iterable[list[float]]) -> list[float]:
    """§4, means; the reference by value and how often it occurs."""
    n = sum(reference.values())
    mean = sum((Decimal(value) * times for value, times in reference.items()), _NONE) / n
    deviation = (sum(((Decimal(value) - mean) ** 2 * times for value, times in reference.items()), _NONE) / n).sqrt()

    def z(value: float) -> Decimal:
        return max(min((Decimal(value) - mean) / deviation, Decimal(4)), Decimal(-4))

    shifts = [Decimal(size) * sign for size in ("0.1", "0.2", "0.4", "0.8", "1.5", "2.5") for sign in (1, -1)]
    prices = []
    for shift in shifts:
        bets = [((shift * z(value)).exp(), times) for value, times in reference.items()]
        fair = sum((bet * times for bet, times in bets), _NONE) / n
        error = (sum(((bet - fair) ** 2 * times for bet, times in bets), _NONE) / n / n).sqrt()
        prices.append((fair + 2 * error).ln() + abs(shift) * Decimal(tolerance) / deviation)
    sums, found = [Decimal(0)] * len(shifts), []
    for values in looks:
        total = sum((z(value) for value in values), Decimal(0))
        for at, (shift, price) in enumerate(zip(shifts, prices, strict=True)):
            sums[at] = (sums[at] + len(values)) * (shift * total - len(values) * price).exp()
        found.append(float((sum(sums, _NONE) / len(sums)).ln()) if any(sums) else float("-inf"))
    return found


@with_80_digits
def paired(margin: float, planned: float | None, looks: Iterable[tuple[int, int, int, int]]) -> list[float]:
    """§7: to fail with planned pairs, to advance without."""
    rho = 1 + Decimal(margin)
    sign = 1 if planned is not None else -1
    lambdas = [Decimal(one) / (rho if sign == 1 else 1) for one in PAIR_FRACTIONS]
    capital, found = Capital(["1"] * len(lambdas), planned), []
    for look in looks:
        capital.inject(sum(look))
        both, candidate, baseline, _ = look
        capital.multiply(
            (1 + sign * lam * (1 - rho)) ** both * (1 + sign * lam) ** candidate * (1 - sign * lam * rho) ** baseline
            for lam in lambdas
        )
        found.append(capital.total())
    return found


@with_80_digits
def sample_ratio(weights: dict[str, float], looks: Iterable[dict[str, int]]) -> list[float]:
    """§5: the Dirichlet-multinomial by its products of rising factors, request by request."""
    whole = sum(Fraction(weight) for weight in weights.values())
    counts, e, found = dict.fromkeys(weights, 0), Decimal(1), []
    for look in looks:
        for arm, n in look.items():
            share = Fraction(weights[arm]) / whole
            of_arm = Decimal(share.numerator) / Decimal(share.denominator)
            for _ in range(n):
                e *= (100 * of_arm + counts[arm]) / (100 + sum(counts.values())) / of_arm
                counts[arm] += 1
        found.append(float(e.ln()))
    return found
