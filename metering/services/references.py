"""What refers to a row from the layers above, which this one does not know."""

from django.db import models


def used_by(row: models.Model) -> list[str]:
    """Return the names of the kinds of rows in other apps that refer to a row and protect it."""
    return [
        str(relation.related_model._meta.verbose_name_plural)
        for relation in row._meta.related_objects
        if relation.on_delete is models.PROTECT
        and relation.related_model._meta.app_label != row._meta.app_label
        and relation.related_model._base_manager.filter(**{relation.field.name: row}).exists()
    ]
