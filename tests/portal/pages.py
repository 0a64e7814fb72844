"""Reading pages as a person does."""

import html
import re


def text_of(response):
    """Return what a page says, in one line; tags count as spaces, dashes are hyphens."""
    body = re.sub(r"<(style|script|title)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return _plain(body)


def rows_of(response, label):
    """Return the cells of the table that is labelled so, row by row."""
    body = response.content.decode()
    start = body.index(f'aria-label="{label}"')
    table = body[start : body.index("</table>", start)]
    rows = re.findall(r"<tr\b.*?</tr>", table, flags=re.DOTALL)
    return [[_plain(cell) for cell in re.findall(r"<t[hd]\b.*?</t[hd]>", row, flags=re.DOTALL)] for row in rows]


def _plain(markup):
    text = html.unescape(re.sub(r"<[^>]*>", " ", markup))
    return " ".join(text.replace("\N{EN DASH}", "-").split())
