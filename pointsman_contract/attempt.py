"""One call of a model inside a request. Source: design §3, `attempts[]`."""

from typing import Self

from pydantic import model_validator

from pointsman_contract.fields import Count, Name, Seconds, Text, Usd
from pointsman_contract.message import Part
from pointsman_contract.vocabulary import (
    CallMode,
    Enforcement,
    FailureMode,
    FinishReason,
    Injection,
    InjectionAt,
    Role,
    Status,
)


class Attempt(Part):
    """A model call: who answered, what it cost, how it went. Absent means not known, never 0."""

    role: Role
    """What the call was for. Primary, retry, escalation and fallback are the answer attempts."""
    model: Name
    """The model that answered."""
    requested_model: Text | None = None
    """The model that was asked for, where it is another one."""
    provider: Text | None = None
    region: Text | None = None
    effort: Text | None = None
    """The provider's word for how much the model shall reason."""
    config: Text | None = None
    """A name for the other settings of the call."""
    tokenizer: Text | None = None
    call_mode: CallMode | None = None
    streamed: bool | None = None
    enforcement: Enforcement | None = None
    """How the form of the answer was enforced."""
    input_tokens: Count
    """Includes cached tokens, read and written."""
    cache_read_tokens: Count | None = None
    """Part of `input_tokens`; with `cache_write_tokens` at most as many."""
    cache_write_tokens: Count | None = None
    """Part of `input_tokens`."""
    output_tokens: Count
    """Includes reasoning tokens."""
    reasoning_tokens: Count | None = None
    """Part of `output_tokens`."""
    input_chars: Count | None = None
    output_chars: Count | None = None
    """Arguments of tool calls included."""
    prefill_cost_usd: Usd | None = None
    """The four cost parts come together or not at all; without them the price book prices the attempt."""
    cache_cost_usd: Usd | None = None
    generation_cost_usd: Usd | None = None
    tools_cost_usd: Usd | None = None
    ttft_s: Seconds | None = None
    """To the first visible token."""
    duration_s: Seconds | None = None
    status: Status
    error_type: Text | None = None
    """The provider's name for the error."""
    finish_reason: FinishReason | None = None
    failure_mode: FailureMode | None = None
    schema_id: Text | None = None
    schema_valid: bool | None = None
    """Of the raw output, before any repair."""
    repaired: bool | None = None
    """The output was repaired before it was used."""
    grammar_cold: bool | None = None
    """The grammar had to be compiled for this call."""
    tool_calls: Count | None = None
    tool_calls_ok: Count | None = None
    """At most `tool_calls`."""
    citations: Count | None = None
    citations_supported: Count | None = None
    """At most `citations`."""
    refused: bool | None = None
    """The model would not answer."""
    injection: Injection | None = None
    injection_at: InjectionAt | None = None
    """Where the injected text was."""
    batch_size: Count | None = None
    """Requests that ran in the same batch."""
    speculative: bool | None = None
    """Speculative decoding took part."""

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        missing = (
            (self.prefill_cost_usd is None)
            + (self.cache_cost_usd is None)
            + (self.generation_cost_usd is None)
            + (self.tools_cost_usd is None)
        )
        if missing not in (0, 4):
            msg = "the four cost parts (prefill, cache, generation, tools) come together or not at all"
            raise ValueError(msg)
        if (self.cache_read_tokens or 0) + (self.cache_write_tokens or 0) > self.input_tokens:
            msg = "cache_read_tokens and cache_write_tokens are parts of input_tokens and cannot be larger together"
            raise ValueError(msg)
        _at_most("reasoning_tokens", self.reasoning_tokens, "output_tokens", self.output_tokens)
        _at_most("tool_calls_ok", self.tool_calls_ok, "tool_calls", self.tool_calls)
        _at_most("citations_supported", self.citations_supported, "citations", self.citations)
        return self


def _at_most(part_name: str, part: int | None, whole_name: str, whole: int | None) -> None:
    if part is not None and whole is not None and part > whole:
        msg = f"{part_name} is part of {whole_name} and cannot be larger"
        raise ValueError(msg)
