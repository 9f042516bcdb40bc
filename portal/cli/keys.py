"""`portal keys`: the key file is made, and its keys are replaced."""

import typer

from portal import crypto
from portal.cli.base import Data, fail, use, with_database
from portal.models.ground.rekeying import reseal

keys = typer.Typer(no_args_is_help=True, help="The encryption keys.")


@keys.command("new")
def new_key_file(data: Data = None) -> None:
    """Make a new key file where PORTAL_KEY_FILE says; never overwrites one."""
    path = use(data).keys_path
    try:
        crypto.make_key_file(path)
    except FileExistsError:
        raise fail(f"{path} exists. It opens what is encrypted: keep it, and keep a copy elsewhere.") from None
    typer.echo(f"Made {path}. Keep a copy where the database's backups are not.")


@keys.command("push")
def add_push_key(data: Data = None) -> None:
    """Add the key for pushes to a key file that was made before there were any. Restart the workers then."""
    path = use(data).keys_path
    if not path.exists():
        raise fail(f"There is no key file at {path}: make one with `portal keys new`.")
    if not crypto.add_push_key(path):
        raise fail("There is one already. Each device that gets pushes is bound to it, so it stays.")
    typer.echo(f"Added to {path}. Copy the key file to its safe place.")


@keys.command("rotate")
def rotate_keys(data: Data = None) -> None:
    """Add a key, and seal everything anew with it. Workers that run learn of the key by themselves; restart
    them so that they write with it too. Old keys stay in the file: the audit log needs them."""
    chosen = use(data)
    if not chosen.keys_path.exists():
        raise fail(f"There is no key file at {chosen.keys_path}: make one with `portal keys new`.")
    crypto.load_keys(chosen.keys_path)
    name = crypto.add_key(chosen.keys_path)
    done, odd = with_database(reseal)
    typer.echo(f"{done} values are now sealed with the key {name}. Copy the key file to its safe place.")
    if odd:
        raise fail(f"{odd} value(s) can’t be opened with any key of the file, and stay as they are.")
