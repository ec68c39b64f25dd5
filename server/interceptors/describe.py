"""A request's parameters in one line, for the log and for the error that its caller gets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

_TEXT_LENGTH_MAX = 80
_LIST_LENGTH_MAX = 8
_DEPTH_MAX = 4


def describe_request(request: Message | None) -> str:
    """Return the fields that are set as JSON: long lists as their length, long texts shortened.

    Examples
    --------
    >>> from riskwave.v1.portfolio_service_pb2 import GetPortfolioRequest
    >>> describe_request(GetPortfolioRequest(name="oil"))
    '{"name": "oil"}'
    """
    return "{}" if request is None else json.dumps(_describe(request, 0), default=str)


def _describe(message: Message, depth: int) -> Any:
    if depth >= _DEPTH_MAX:
        return "..."
    return {field.name: _describe_field(field, value, depth) for field, value in message.ListFields()}


def _describe_field(field: FieldDescriptor, value: Any, depth: int) -> Any:
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        keys = sorted(value)[:_LIST_LENGTH_MAX]
        is_message = entry.fields_by_name["value"].message_type is not None
        return {key: _describe(value[key], depth + 1) if is_message else value[key] for key in keys}
    if field.is_repeated:
        if len(value) > _LIST_LENGTH_MAX:
            return f"[{len(value)} values]"
        return [_describe(item, depth + 1) if entry is not None else _shorten(item) for item in value]
    return _describe(value, depth + 1) if entry is not None else _shorten(value)


def _shorten(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"[{len(value)} bytes]"
    if isinstance(value, str) and len(value) > _TEXT_LENGTH_MAX:
        return value[:_TEXT_LENGTH_MAX] + "..."
    return value
