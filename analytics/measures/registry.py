"""Every measure, in the order in which reports show them: a tuple to read, nothing registers itself."""

from analytics.measures.attempt_duration import ATTEMPT_DURATION
from analytics.measures.attempt_error_rate import ATTEMPT_ERROR_RATE
from analytics.measures.attempt_failure_mode_mix import ATTEMPT_FAILURE_MODE_MIX
from analytics.measures.attempt_spend import ATTEMPT_SPEND
from analytics.measures.citation_grounding import CITATION_GROUNDING
from analytics.measures.cost_per_request import COST_PER_REQUEST
from analytics.measures.cost_per_success import COST_PER_SUCCESS
from analytics.measures.definition import AnyMeasure
from analytics.measures.duration import DURATION
from analytics.measures.escalation_rate import ESCALATION_RATE
from analytics.measures.eventual_success_rate import EVENTUAL_SUCCESS_RATE
from analytics.measures.fail_closed_rate import FAIL_CLOSED_RATE
from analytics.measures.failure_mode_mix import FAILURE_MODE_MIX
from analytics.measures.fallback_rate import FALLBACK_RATE
from analytics.measures.first_attempt_schema_adherence import FIRST_ATTEMPT_SCHEMA_ADHERENCE
from analytics.measures.first_attempt_tool_success import FIRST_ATTEMPT_TOOL_SUCCESS
from analytics.measures.gateway_cache_hit_rate import GATEWAY_CACHE_HIT_RATE
from analytics.measures.human_escalation_rate import HUMAN_ESCALATION_RATE
from analytics.measures.injection_detected import INJECTION_DETECTED
from analytics.measures.injection_succeeded import INJECTION_SUCCEEDED
from analytics.measures.input_compression import INPUT_COMPRESSION
from analytics.measures.inter_token_latency import INTER_TOKEN_LATENCY
from analytics.measures.probes import PROBES
from analytics.measures.prompt_cache_ratio import PROMPT_CACHE_RATIO
from analytics.measures.recovery_mix import RECOVERY_MIX
from analytics.measures.refusal_rate import REFUSAL_RATE
from analytics.measures.request_error_rate import REQUEST_ERROR_RATE
from analytics.measures.requests_per_second import REQUESTS_PER_SECOND
from analytics.measures.retry_rate import RETRY_RATE
from analytics.measures.route_hit_rate import ROUTE_HIT_RATE
from analytics.measures.route_share import ROUTE_SHARE
from analytics.measures.schema_adherence import SCHEMA_ADHERENCE
from analytics.measures.spend import SPEND
from analytics.measures.swap_cost import SWAP_COST
from analytics.measures.swap_input_cost import SWAP_INPUT_COST
from analytics.measures.swap_input_tokens import SWAP_INPUT_TOKENS
from analytics.measures.swap_output_tokens import SWAP_OUTPUT_TOKENS
from analytics.measures.task_success_rate import TASK_SUCCESS_RATE
from analytics.measures.timeout_rate import TIMEOUT_RATE
from analytics.measures.tokenizer_compression import TOKENIZER_COMPRESSION
from analytics.measures.tokens_per_second import TOKENS_PER_SECOND
from analytics.measures.tool_success import TOOL_SUCCESS
from analytics.measures.ttft import TTFT
from analytics.measures.user_ttft import USER_TTFT

REGISTRY: tuple[AnyMeasure, ...] = (
    TASK_SUCCESS_RATE,
    EVENTUAL_SUCCESS_RATE,
    COST_PER_SUCCESS,
    COST_PER_REQUEST,
    SPEND,
    ATTEMPT_SPEND,
    ATTEMPT_ERROR_RATE,
    REQUEST_ERROR_RATE,
    ESCALATION_RATE,
    HUMAN_ESCALATION_RATE,
    RETRY_RATE,
    FALLBACK_RATE,
    FAIL_CLOSED_RATE,
    TIMEOUT_RATE,
    REFUSAL_RATE,
    FIRST_ATTEMPT_SCHEMA_ADHERENCE,
    SCHEMA_ADHERENCE,
    TOOL_SUCCESS,
    FIRST_ATTEMPT_TOOL_SUCCESS,
    CITATION_GROUNDING,
    TTFT,
    USER_TTFT,
    DURATION,
    ATTEMPT_DURATION,
    INTER_TOKEN_LATENCY,
    TOKENIZER_COMPRESSION,
    INPUT_COMPRESSION,
    SWAP_INPUT_TOKENS,
    SWAP_OUTPUT_TOKENS,
    SWAP_INPUT_COST,
    SWAP_COST,
    ROUTE_SHARE,
    ROUTE_HIT_RATE,
    PROMPT_CACHE_RATIO,
    GATEWAY_CACHE_HIT_RATE,
    REQUESTS_PER_SECOND,
    TOKENS_PER_SECOND,
    FAILURE_MODE_MIX,
    ATTEMPT_FAILURE_MODE_MIX,
    RECOVERY_MIX,
    INJECTION_DETECTED,
    INJECTION_SUCCEEDED,
    PROBES,
)
