from io import BytesIO, StringIO, TextIOWrapper

from django.core.mail import EmailMessage

from portal.terminal_email import EmailBackend


def test_it_prints_a_mail_as_a_few_lines():
    stream = StringIO()
    message = EmailMessage("Your code", "Enter it:\n\nBCDF-GHJK\n\nBye.", to=["billing@acme.example"])
    assert EmailBackend(stream=stream).send_messages([message]) == 1
    assert stream.getvalue() == ("\n┃ Mail to billing@acme.example: Your code\n┃ Enter it:\n┃ BCDF-GHJK\n┃ Bye.\n\n")


def test_it_prints_what_the_terminal_has_letters_for():
    terminal = TextIOWrapper(BytesIO(), encoding="ascii")
    EmailBackend(stream=terminal).send_messages([EmailMessage("Grüße", "BCDF-GHJK", to=["billing@acme.example"])])
    assert terminal.buffer.getvalue().decode() == "\n? Mail to billing@acme.example: Gr??e\n? BCDF-GHJK\n\n"
