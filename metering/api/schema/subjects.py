"""The OpenAPI document on `metering.api.subjects`."""

from drf_spectacular.utils import extend_schema_view

from metering.api.schema.base import operation
from metering.serializers.subjects import SubjectInput, SubjectOutput

_TAG = "Subjects"

SUBJECTS = extend_schema_view(
    get=operation("listSubjects", _TAG, "List subjects", answer=SubjectOutput(many=True), is_deprecated=True),
    post=operation(
        "upsertSubject",
        _TAG,
        "Write what is known of subjects",
        body=SubjectInput(many=True),
        answer=SubjectOutput(many=True),
        is_idempotent=True,
        is_deprecated=True,
    ),
)
SUBJECT = extend_schema_view(
    get=operation("getSubject", _TAG, "Get a subject", answer=SubjectOutput, problems=[404], is_deprecated=True),
    delete=operation(
        "deleteSubject", _TAG, "Take a subject off the list", status=204, problems=[404, 409], is_deprecated=True
    ),
)
