"""Any compiled record, every value of the contract among them; and texts of the grammar's own words."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from alerts.records import operators
from pointsman_contract.condition import Condition
from pointsman_contract.measures import MEASURES, QUANTILES, MeasureName
from pointsman_contract.record import CompiledRecord, Figures, ThresholdBounds
from pointsman_contract.stage import DAY_S, MAX_DURATION_S, Stage
from pointsman_contract.trigger import MAX_CONDITIONS, Trigger, meaningless
from pointsman_contract.writable import LARGEST, PLACEHOLDER, SMALLEST

_ODD = [0.1 + 0.2, 1e-7, 1 / 3, 0.07, 0.29]
_NAMES = st.sampled_from(
    ["qwen-3.5", 'a "b" \\ c', "owner: # no", "'", "-", "no", "012", "Zürich 🚂", "*a*", "{x}", "~"]
) | (
    st.text(min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda text: bool(text) and text.isprintable() and not PLACEHOLDER.fullmatch(text))
)
_SPANS = st.sampled_from([1.0, 90.0, 3600.0, DAY_S, 0.1 + 0.2]) | st.floats(SMALLEST, MAX_DURATION_S)


def _floats(least: float, most: float) -> st.SearchStrategy[float]:
    odd = [value for value in _ODD if least <= value <= most]
    return st.sampled_from(odd or [most]) | st.floats(max(least, SMALLEST), most)


def _or_none(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """Every measure, comparison and way to compare that a sentence can have."""
    measure = draw(st.sampled_from(list(MEASURES.values())))
    quantile = draw(st.sampled_from(QUANTILES)) if measure.has_quantiles else None
    kinds = ["limit", "reference"]
    kinds += ["baseline"] if measure.better != "neither" else []
    kinds += ["any"] if measure.unit == "1" and measure.better == "lower" else []
    kind = draw(st.sampled_from(kinds))
    if kind == "any":
        return Condition(measure=measure.name, op="any", unit="1", text="")
    if kind == "limit":
        return _limit(draw, measure, quantile)
    least = draw(st.sampled_from([0.0, SMALLEST])) if kind == "baseline" else SMALLEST
    return Condition.model_validate(
        {
            "measure": measure.name,
            "quantile": quantile if kind == "baseline" else draw(st.sampled_from([None, quantile])),
            "op": draw(st.sampled_from([">", ">="])),
            "threshold": 0.0 if not least and draw(st.booleans()) else draw(_floats(SMALLEST, 10)),
            "unit": "1",
            "against": kind,
            "text": "",
        }
    )


def _limit(draw: st.DrawFn, measure: MeasureName, quantile: float | None) -> Condition:
    most = 1 - 1e-9 if measure.unit == "1" else LARGEST
    return Condition(
        measure=measure.name,
        quantile=quantile,
        op=draw(st.sampled_from([">", "<", ">=", "<="])),
        threshold=draw(_floats(SMALLEST, most)),
        unit=measure.unit,
        text="",
    )


@st.composite
def triggers(draw: st.DrawFn) -> Trigger:
    """Every setting that has a meaning for the conditions."""
    several = st.lists(conditions(), min_size=1, max_size=draw(st.sampled_from([1, 1, 2, MAX_CONDITIONS])))
    drawn = draw(several)
    together = {one.name: one for one in drawn if one.op != "any" and one.against != "reference"}
    joined = tuple(together.values()) if len(drawn) > 1 and together else (drawn[0],)
    enforcement = draw(st.sampled_from(["observe", "alert", "approve", "auto"]))
    may_roll_back = enforcement in ("approve", "auto") and joined[0].against != "reference"
    settings: dict[str, Any] = {
        "enforcement": enforcement,
        "no_data": draw(st.sampled_from(["hold", "alert", *(["rollback"] if may_roll_back else [])])),
        "cooldown_s": draw(st.just(0.0) | _SPANS),
        "verify_within_s": draw(_SPANS),
    }
    for setting, values in (
        ("margin", st.just(0.0) | _floats(SMALLEST, 10)),
        ("incidents", st.just("clip")),
        ("costs", st.just("capped")),
        ("drift", st.just("certify")),
        ("confirmation", st.integers(1, 2**63 - 1)),
    ):
        value = draw(_or_none(values))
        if value is not None and meaningless(setting, value, joined) is None:
            settings[setting] = value
    return Trigger(conditions=joined, **settings)


@st.composite
def stages(draw: st.DrawFn) -> tuple[Stage, ...]:
    """Shadows and canaries that rise."""
    found: list[Stage] = []
    for kind, most in (("shadow", 10_000), ("canary", 9_999)):
        weights = draw(
            st.lists(st.integers(1, most), unique=True, max_size=4, min_size=0 if found else kind == "canary")
        )
        for weight in sorted(weights):
            duration, samples = draw(_or_none(_SPANS)), draw(_or_none(st.integers(1, 2**63 - 1)))
            is_assumed = draw(st.booleans()) or (duration is None and samples is None)
            duration = DAY_S if is_assumed else duration
            deadlines = st.floats(duration or SMALLEST, MAX_DURATION_S)
            found.append(
                Stage.model_validate(
                    {
                        "kind": kind,
                        "weight_bp": weight,
                        "duration_s": duration,
                        "samples": samples,
                        **({} if (deadline := draw(_or_none(deadlines))) is None else {"deadline_s": deadline}),
                        "at_deadline": draw(st.sampled_from(["ask", "hold", "rollback"])),
                        "assumed": ("duration_s",) if is_assumed else (),
                    }
                )
            )
    return tuple(found)


@st.composite
def records(draw: st.DrawFn) -> CompiledRecord:
    """Every field, in every order of size."""
    several = draw(
        st.lists(triggers(), min_size=1, max_size=4, unique_by=lambda one: tuple(sorted(one.name.split("+"))))
    )
    names = draw(st.lists(_NAMES, min_size=2, max_size=3, unique=True))
    tau = draw(_or_none(st.lists(st.floats(-5, 5).filter(lambda one: abs(one) > SMALLEST), min_size=2, max_size=2)))
    money = st.decimals(0, 1_000_000_000, places=9) | st.sampled_from([Decimal("1e-9"), Decimal(412)])
    return CompiledRecord(
        id=draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,12}", fullmatch=True)),
        route=draw(_NAMES),
        environment=draw(_NAMES),
        candidate=names[0],
        baseline=names[1],
        fallback=names[2] if len(names) > 2 else None,
        owner=draw(_NAMES),
        triggers=tuple(several),
        stages=draw(stages()),
        false_rollback_budget=draw(_floats(SMALLEST, 0.5)),
        holdback_bp=draw(st.integers(0, 5_000)),
        tau=None if tau is None else ThresholdBounds(low=min(tau), high=max(tau)),
        figures=Figures(
            golden_set_accuracy=draw(_or_none(st.just(0.0) | _floats(SMALLEST, 1))),
            structured_output_validity=draw(_or_none(_floats(SMALLEST, 1))),
            latency_p95_s=draw(_or_none(_floats(SMALLEST, 1e6))),
            prefill_cost_per_million_usd=draw(_or_none(money)),
            generation_cost_per_million_usd=draw(_or_none(money)),
            cost_per_success_usd=draw(_or_none(money)),
        ),
    )


_WORDS = (
    "P95 P50 p99.9 % ms s $ x USD 0.5 1.2s 10,000 1,5 .5 72 hours days and or , ; . : -> / & ( ) any not unless"
    " worse than baseline by drifts more shadow canary for then each requests to live traffic roll back if"
)
_VOCABULARY = [
    *(text for measure in MEASURES.values() for text in (measure.name, *measure.synonyms)),
    *(word for words in operators.WORDS.values() for word in words),
    *_WORDS.split(),
    *[
        "all of:",
        "any of",
        "\n",
        "\n\n",
        "\n* ",
        "\n  * ",
        "\n## 7. Rollout Plan\n",
        "\n### ",
        "\n> ",
        "\n---\n",
        "\n|",
    ],
    *["**", "*", "`", "_", "~~", "<!--", "-->", "<br>", "&gt;", "&nbsp;", "[a](b)", "[", "]", "\\", "\n```\n", "\t"],
    *[
        "Rollback Trigger:",
        "Rollout Strategy:",
        "**Golden Set:** 9%",
        "\n```yaml pointsman\n",
        "triggers: [{when: ",
        "}",
    ],
]


def texts() -> st.SearchStrategy[str]:
    """Of words that mean something, and noise between them."""
    words = st.sampled_from(_VOCABULARY) | st.text(max_size=3)
    return st.lists(words, max_size=30).map(" ".join)
