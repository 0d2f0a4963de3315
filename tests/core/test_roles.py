"""Who may do what: the whole table, so that a change of it shows."""

import pytest

from totrinn.core.roles import ASSIGNABLE, RIGHTS, Right, Role, may, may_manage

TABLE = """
                     user  administrator  global_administrator  vendor
use_account          yes   yes            yes                   yes
see_members          -     yes            yes                   -
manage_members       -     yes            yes                   -
change_roles         -     -              yes                   -
reset_factor         -     -              yes                   -
see_settings         yes   yes            yes                   -
change_settings      -     -              yes                   -
change_requirement   -     -              yes                   -
see_sso              -     -              yes                   -
change_sso           -     -              yes                   -
read_log             -     -              yes                   yes
provision            -     -              yes                   -
keep_tokens          -     -              yes                   yes
keep_webhooks        -     -              yes                   yes
change_face          -     -              yes                   yes
see_organisations    -     -              -                     yes
run_organisations    -     -              -                     yes
see_applications     -     -              -                     yes
run_applications     -     -              -                     yes
"""
_HEAD, *_ROWS = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [
    (Role(role), Right(right), cell == "yes")
    for right, *cells in _ROWS
    for role, cell in zip(_HEAD, cells, strict=True)
]


@pytest.mark.row("R42", "R43", "R46")
@pytest.mark.parametrize(("role", "right", "expected"), CELLS)
def test_each_role_has_exactly_its_rights(role: Role, right: Right, expected: bool) -> None:
    """What the table does not allow is not allowed."""
    assert may(role, right) is expected


def test_the_table_knows_every_role_and_every_right() -> None:
    """No role and no right is left out of the table above."""
    assert {(role, right) for role, right, _ in CELLS} == {(role, right) for role in Role for right in Right}
    assert set(RIGHTS) == set(Role)


@pytest.mark.parametrize(
    ("actor", "manages"),
    [
        (Role.USER, set[Role]()),
        (Role.VENDOR, set[Role]()),
        (Role.ADMINISTRATOR, {Role.USER, Role.ADMINISTRATOR}),
        (Role.GLOBAL_ADMINISTRATOR, {Role.USER, Role.ADMINISTRATOR, Role.GLOBAL_ADMINISTRATOR}),
    ],
)
def test_nobody_manages_those_above_them(actor: Role, manages: set[Role]) -> None:
    """An administrator removes neither a global administrator nor their sessions; a user nobody; nobody the staff."""
    assert {other for other in Role if may_manage(actor, other)} == manages


@pytest.mark.row("R48")
def test_no_customer_can_make_vendors_staff() -> None:
    """The role of the vendor's staff is not among those that a global administrator may give."""
    assert set(ASSIGNABLE) == set(Role) - {Role.VENDOR}
