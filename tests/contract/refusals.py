"""How a message is refused."""

from datetime import datetime

import pytest

from pointsman_contract.decode import decode
from pointsman_contract.errors import ContractError
from pointsman_contract.message import Message


def refusal_of(model: type[Message], value: bytes | None, *, received_at: datetime | None = None) -> ContractError:
    """The error that decoding raises; that it raises one is part of the test."""
    with pytest.raises(ContractError) as caught:
        decode(model, value, received_at=received_at)
    return caught.value


def detail_of(model: type[Message], value: bytes | None) -> str:
    """What is wrong, as the dead letter says it."""
    return refusal_of(model, value).detail
