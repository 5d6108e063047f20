"""From facts to deltas: a row for each minute and key, with its sums, and its latency bins and failure modes as arrays.

Facts are grouped once and in the database; everything behind works on few rows.
"""

from typing import NamedTuple

from sqlalchemy import Connection, text

from store.rollups.columns import ATTEMPT_SUMS, REQUEST_SUMS, SHADOW_SUMS, TENANT_SUMS, Sum
from store.rollups.facts import attempts_of, by_choice, by_index
from store.rollups.keys import ANSWER_ROLES, ATTEMPT_KEY, REQUEST_KEY, SHADOW_KEY, TENANT_KEY, Key

# ln of the base of the bins, (1 + e) / (1 - e) for a relative error of e = 1 %: DDSketch (Masson et al. 2019).
LN_GAMMA = "0.0200006667066694"
_CONTEXTS = (("4k", 4096), ("32k", 32_768), ("128k", 131_072))


class Family(NamedTuple):
    """Facts of one kind, as `alias`: their key, their sums, what is timed and what is counted by value."""

    name: str
    alias: str
    key: tuple[Key, ...]
    sums: tuple[Sum, ...]
    times: tuple[tuple[str, str], ...] = ()
    mixes: tuple[tuple[str, str], ...] = ()

    @property
    def deltas(self) -> str:
        """The temporary table of its deltas."""
        return f"tick_{self.name}_deltas"

    @property
    def key_names(self) -> list[str]:
        """The columns of its key."""
        return [part.name for part in self.key]

    @property
    def sum_names(self) -> list[str]:
        """Its additive columns."""
        return [part.name for part in self.sums]


REQUESTS = Family(
    "request",
    "r",
    REQUEST_KEY,
    REQUEST_SUMS,
    (("duration", "duration_us"), ("ttft", "ttft_us")),
    (("failure_mode", "failure_mode"), ("recovery", "recovery")),
)
ATTEMPTS = Family(
    "attempt",
    "a",
    ATTEMPT_KEY,
    ATTEMPT_SUMS,
    (("attempt_duration", "duration_us"), ("attempt_ttft", "ttft_us"), ("inter_token", "inter_token_us")),
    (("attempt_failure_mode", "failure_mode"),),
)
TENANTS = Family("tenant", "u", TENANT_KEY, TENANT_SUMS)
SHADOWS = Family("shadow", "s", SHADOW_KEY, SHADOW_SUMS)
FAMILIES = (REQUESTS, ATTEMPTS, TENANTS, SHADOWS)


def _create(family: Family) -> str:
    columns = ["sign integer", "minute timestamptz", "key_id uuid"]
    columns += [f"{name} {'bigint' if name == 'policy_epoch' else 'text'}" for name in family.key_names]
    columns += [f"{part.name} {'bigint' if part.kind == 'count' else 'numeric'}" for part in family.sums]
    columns += [f"{kind}_bins smallint[]" for kind, _ in family.times]
    columns += [f"{kind}_values text[]" for kind, _ in family.mixes]
    return f"CREATE TEMPORARY TABLE IF NOT EXISTS {family.deltas} ({', '.join(columns)}) ON COMMIT DELETE ROWS"


CREATE_DELTAS = ";\n".join(map(_create, FAMILIES))

_CONTEXT = " ".join(f"WHEN a.input_tokens <= {most} THEN '{name}'" for name, most in _CONTEXTS)
_ANSWER_ROLES = ", ".join(repr(role) for role in ANSWER_ROLES)
_VISIBLE = "a.output_tokens - coalesce(a.reasoning_tokens, 0)"
_ATTEMPT_FACTS = f"""(
    SELECT date_trunc('minute', a.started_at) AS minute, true AS is_new, 1 AS sign,
        t.environment, t.route, t.arm, a.role, a.model, a.provider, a.effort, a.enforcement, a.call_mode, t.language,
        t.task_class, CASE {_CONTEXT} ELSE 'over' END AS context, t.probe, t.tenant, t.text_only,
        a.status, a.refused, a.schema_valid, a.repaired, a.grammar_cold, a.injection, a.failure_mode, a.ttft_us,
        a.duration_us, a.tool_calls, a.tool_calls_ok, a.citations, a.citations_supported,
        a.input_tokens, a.output_tokens, a.reasoning_tokens, a.cache_read_tokens, a.cache_write_tokens,
        a.input_chars, a.output_chars, {_VISIBLE} AS visible,
        a.role IN ({_ANSWER_ROLES}) AND a.position = t.first_position AS first,
        CASE WHEN a.streamed AND a.duration_us >= a.ttft_us AND {_VISIBLE} >= 2
            THEN (a.duration_us - a.ttft_us) / ({_VISIBLE} - 1) END AS inter_token_us,
        a.prefill_cost, a.cache_cost, a.generation_cost, a.tools_cost,
        a.prefill_cost + a.cache_cost + a.generation_cost + a.tools_cost AS cost
    FROM tick_answered t CROSS JOIN LATERAL {attempts_of("t")} a
    WHERE t.is_new
)"""
# A tenant's requests under their final model, and its attempts by what was paid for.
_TENANT_FACTS = f"""(
    SELECT 1 AS sign, date_trunc('day', minute) AS minute, environment, tenant, route, model, provider,
        'request' AS token_type,
        sum(sign) AS requests, sum(sign) FILTER (WHERE known) AS known, sum(sign) FILTER (WHERE success) AS succeeded,
        NULL::bigint AS attempts, NULL::bigint AS unpriced, NULL::numeric AS tokens,
        sum(sign * (coalesce(routing_cost, 0)::numeric + coalesce(retrieval_cost, 0))) AS cost,
        sum(sign * human_cost) AS human_cost
    FROM tick_requests GROUP BY 2, 3, 4, 5, 6, 7
    UNION ALL
    SELECT 1, g.minute, g.environment, g.tenant, g.route, g.model, g.provider, part.token_type,
        NULL, NULL, NULL, part.attempts, part.unpriced, part.tokens, part.cost, NULL
    FROM (
        SELECT date_trunc('day', a.minute) AS minute, a.environment, a.tenant, a.route, a.model, a.provider,
            count(*) AS attempts, count(*) FILTER (WHERE a.cost IS NULL) AS unpriced,
            sum(a.input_tokens) AS input, sum(coalesce(a.cache_read_tokens, 0)::numeric
                + coalesce(a.cache_write_tokens, 0)) AS cached, sum(a.output_tokens) AS output,
            sum(a.prefill_cost) AS prefill_cost, sum(a.cache_cost) AS cache_cost,
            sum(a.generation_cost) AS generation_cost, sum(a.tools_cost) AS tools_cost
        FROM {_ATTEMPT_FACTS} a GROUP BY 1, 2, 3, 4, 5, 6
    ) g
    CROSS JOIN LATERAL (VALUES
        ('input', g.attempts, g.unpriced, g.input - g.cached, g.prefill_cost),
        ('cache', NULL, NULL, g.cached, g.cache_cost),
        ('output', NULL, NULL, g.output, g.generation_cost),
        ('tools', NULL, NULL, NULL, g.tools_cost)
    ) AS part(token_type, attempts, unpriced, tokens, cost)
)"""


def _group(family: Family, facts: str) -> str:
    alias = family.alias
    sums = [f"coalesce(sum({part.of}), 0)" + _beside(part) for part in family.sums]
    arrays = [
        f"array_agg(CAST(ceil(ln(CAST(greatest({alias}.{column}, 1) AS double precision)) / {LN_GAMMA}) AS smallint))"
        f" FILTER (WHERE {alias}.is_new AND {alias}.{column} IS NOT NULL)"
        for _, column in family.times
    ]
    arrays += [
        f"array_agg({alias}.{column}) FILTER (WHERE {alias}.is_new AND {alias}.{column} <> '')"
        for _, column in family.mixes
    ]
    keys = [f"{alias}.sign", f"{alias}.minute", *(f"{alias}.{name}" for name in family.key_names)]
    return (
        f"INSERT INTO {family.deltas} SELECT {', '.join([*keys[:2], 'NULL', *keys[2:], *sums, *arrays])}"
        f" FROM {facts} {alias} GROUP BY {', '.join(keys)}"
    )


def _beside(part: Sum) -> str:
    return "" if part.large is None else f" + coalesce(sum({part.large}), 0)"


_WINDOW = text("SELECT min(started_at), max(started_at) FROM tick_answered WHERE is_new")
_OF_REQUESTS = text(_group(REQUESTS, "tick_requests"))
_OF_ATTEMPTS = text(_group(ATTEMPTS, _ATTEMPT_FACTS))
_OF_TENANTS = text(_group(TENANTS, _TENANT_FACTS))
_OF_SHADOWS = text(_group(SHADOWS, "tick_pairs"))


def group_facts(db: Connection) -> None:
    """Sum the facts that were gathered, for each minute and key."""
    earliest, latest = db.execute(_WINDOW).one()
    db.execute(_OF_REQUESTS)
    db.execute(_OF_SHADOWS)
    by_index(db)
    db.execute(_OF_ATTEMPTS, {"earliest": earliest, "latest": latest})
    db.execute(_OF_TENANTS, {"earliest": earliest, "latest": latest})
    by_choice(db)
