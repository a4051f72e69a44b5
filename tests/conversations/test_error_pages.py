"""The pages of errors need nothing that may be broken itself."""

from django.test import RequestFactory

from project import pages


def test_the_page_of_a_broken_server_asks_the_database_nothing():
    """Also where no middleware has found out yet who asks. (No test has a database by itself.)"""
    answer = pages.server_error(RequestFactory().get("/chat"))
    assert answer.status_code == 500
    assert "Something went wrong on the server." in answer.content.decode()
