"""The tests' own PostgreSQL: real, empty, apart, and gone afterwards."""

import psycopg

from tests.postgres import Server


def test_each_database_is_empty_and_its_own(postgres: str, postgres_server: Server) -> None:
    with postgres_server.database() as other, psycopg.connect(postgres) as here, psycopg.connect(other) as there:
        here.execute("CREATE TABLE note (text text)")
        here.commit()
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert here.execute(tables).fetchone() == (1,)
        assert there.execute(tables).fetchone() == (0,)


def test_database_goes_though_somebody_is_connected(postgres_server: Server) -> None:
    with postgres_server.database() as url:
        name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
        forgotten = psycopg.connect(url)
    forgotten.close()
    with psycopg.connect(postgres_server.url()) as connection:
        assert connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None


def test_server_is_current_and_hidden_from_the_network(postgres_server: Server) -> None:
    with psycopg.connect(postgres_server.url()) as connection:
        assert connection.info.server_version >= 160000
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
