"""List prices of the package genai-prices as entries of the price book.

The package finds a model by rules of its own; names and beginnings become names and patterns here, everything else is
left out and counted: a price for the wrong model is worse than none.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pointsman.exits import UsageError
from pointsman.prices.lines import MAX_USD, PlacedEntry
from pointsman.prices.shadowed import PACKAGE
from store.price_entries import ALWAYS, ANY, Price, PriceEntry, Unit

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider

_NANO = 10**9
_UNITS = {
    "input_mtok": Unit.INPUT_TOKENS,
    "cache_read_mtok": Unit.CACHE_READ_TOKENS,
    "cache_write_mtok": Unit.CACHE_WRITE_TOKENS,
    "cache_write_5m_mtok": Unit.CACHE_WRITE_5M_TOKENS,
    "cache_write_1h_mtok": Unit.CACHE_WRITE_1H_TOKENS,
    "output_mtok": Unit.OUTPUT_TOKENS,
}
_A_THOUSAND_REQUESTS = "requests_kcount"


class _LeftOut(Exception):
    """Says what cannot be told by the price book."""


def entries_of_package(
    providers: Sequence[str], since: datetime | None = None
) -> tuple[list[PlacedEntry], dict[str, int]]:
    """Every entry, of these providers or of all, and how much was left out by reason. Raises UsageError.

    With `since`, what holds then begins then, and nothing begins before.
    """
    try:
        from genai_prices.data import providers as known
    except ImportError as error:
        raise UsageError("--from genai-prices needs the extra `prices`: pip install 'pointsman[prices]'") from error
    names = {provider.id for provider in known}
    unknown = sorted(set(providers) - names)
    if unknown:
        raise UsageError(f"genai-prices has no provider {', '.join(unknown)}; it has {', '.join(sorted(names))}")
    source = f"{PACKAGE} {version(PACKAGE)}"
    left_out: Counter[str] = Counter()
    found = [
        PlacedEntry(entry, "")
        for provider in known
        if not providers or provider.id in providers
        for entry in _of_provider(provider, source, since, left_out)
    ]
    return found, dict(sorted(left_out.items()))


def _of_provider(
    provider: "Provider", source: str, since: datetime | None, left_out: Counter[str]
) -> Iterator[PriceEntry]:
    taken: set[str] = set()
    for model in provider.models:
        try:
            dated = _beginning(dict(_dated_prices(model)), since)
        except _LeftOut as why:
            left_out[str(why)] += 1
            continue
        patterns = list(dict.fromkeys([model.id, *_patterns(model.match, left_out)]))
        for pattern in patterns:
            # The package asks its models in order, so the first one has a name.
            if pattern in taken:
                continue
            taken.add(pattern)
            for valid_from, prices in dated.items():
                yield PriceEntry(
                    model=pattern, prices=prices, provider=provider.id, valid_from=valid_from, source=source
                )


_Dated = dict[datetime, tuple[Price, ...]]


def _beginning(dated: _Dated, since: datetime | None) -> _Dated:
    if since is None:
        return dated
    before = [at for at in dated if at <= since]
    now = {since: dated[max(before)]} if before else {}
    return now | {at: prices for at, prices in dated.items() if at > since}


def _dated_prices(model: "ModelInfo") -> Iterator[tuple[datetime, tuple[Price, ...]]]:
    from genai_prices.types import ModelPrice, StartDateConstraint

    if isinstance(model.prices, ModelPrice):
        yield ALWAYS, _prices(model.prices)
        return
    for one in model.prices:
        if one.constraint is None:
            yield ALWAYS, _prices(one.prices)
        elif isinstance(one.constraint, StartDateConstraint):
            yield datetime.combine(one.constraint.start_date, time(), UTC), _prices(one.prices)
        else:
            raise _LeftOut("models whose price depends on the hour")


def _prices(told: "ModelPrice") -> tuple[Price, ...]:
    prices: list[Price] = []
    writes = ("cache_write_mtok", "cache_write_5m_mtok", "cache_write_1h_mtok")
    has_writes = any(getattr(told, name) is not None for name in writes)
    for name, unit in _UNITS.items():
        value: Any = getattr(told, name)
        if value is None and (unit is Unit.CACHE_READ_TOKENS or (unit is Unit.CACHE_WRITE_TOKENS and not has_writes)):
            # So does the package: tokens that it has no price of their own for are input.
            value = told.input_mtok
        if value is None:
            continue
        tiers = getattr(value, "tiers", ())
        prices.append(Price(unit, 0, _nanousd(getattr(value, "base", value))))
        prices += [Price(unit, tier.start, _nanousd(tier.price)) for tier in tiers]
    requests = getattr(told, _A_THOUSAND_REQUESTS)
    if isinstance(requests, Decimal):
        prices.append(Price(Unit.REQUESTS, 0, _nanousd(requests * 1000)))
    elif requests is not None:
        raise _LeftOut("models with tiers for requests")
    if not any(price.unit in (Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS) for price in prices):
        raise _LeftOut("models without a price for text tokens")
    if len({price[:2] for price in prices}) < len(prices):
        raise _LeftOut("models with a tier that comes twice")
    return tuple(sorted(prices))


def _nanousd(usd: Decimal) -> int:
    nanousd = usd * _NANO
    if nanousd != int(nanousd) or not 0 <= usd <= MAX_USD:
        raise _LeftOut("models with a price that is no whole number of nano-dollars")
    return int(nanousd)


def _patterns(match: Any, left_out: Counter[str]) -> Iterable[str]:
    """Names and beginnings of a rule; the rest of it is counted."""
    kind = type(match).__name__
    if kind == "ClauseOr":
        for part in match.or_:
            yield from _patterns(part, left_out)
    elif kind == "ClauseEquals" and ANY not in match.equals:
        yield match.equals
    elif kind == "ClauseStartsWith" and ANY not in match.starts_with:
        yield match.starts_with + ANY
    else:
        left_out["rules that are neither a name nor a beginning"] += 1
