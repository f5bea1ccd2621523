# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import models
from odoo.exceptions import UserError

from ..tools import feed_transport
from ..tools.feed_transport import FeedTransferError


class CustomerDataFeed(models.Model):
    """How the files of a feed get to the receiver."""

    _inherit = "customer.data.feed"

    def _get_connection(self):
        """Return what a connection needs, to be used without the database."""
        self.ensure_one()
        feed = self.sudo()
        return {
            "delivery": feed.delivery,
            "host": feed.host,
            "port": feed.port,
            "username": feed.username,
            "password": feed.password,
            "directory": feed.directory,
            "passive": feed.passive,
            "host_key": feed.host_key,
            "tls_certificate": feed.tls_certificate,
        }

    def _deliver(self, parcel, on_complete):
        """Bring a file to its server; see ``feed_transport.deliver``.

        No transaction is open: nothing of the database may be read or written here,
        except by ``on_complete``.

        :raise FeedTransferError: what went wrong
        """
        with feed_transport.told_apart(parcel["password"]):
            server = getattr(self, f"_{parcel['delivery']}_connect")(parcel)
            try:
                server.enter(parcel["directory"])
                result = feed_transport.deliver(server, parcel, on_complete)
            except BaseException:
                server.drop()
                raise
            server.close()
            return result

    def _ftp_connect(self, connection):
        """Return a server that is logged in; see ``feed_transport.FeedFTP``."""
        return feed_transport.FeedFTP(
            connection["host"],
            port=connection["port"],
            username=connection["username"],
            password=connection["password"],
            passive=connection["passive"],
            timeout=feed_transport.TIMEOUT,
        )

    def _ftps_connect(self, connection):
        return feed_transport.FeedFTP(
            connection["host"],
            port=connection["port"],
            username=connection["username"],
            password=connection["password"],
            passive=connection["passive"],
            timeout=feed_transport.TIMEOUT,
            tls_context=feed_transport.get_tls_context(connection["tls_certificate"]),
        )

    def _sftp_connect(self, connection):
        return feed_transport.FeedSFTP(
            connection["host"],
            port=connection["port"],
            username=connection["username"],
            password=connection["password"],
            host_key=connection["host_key"],
            timeout=feed_transport.TIMEOUT,
        )

    def _none_connect(self, connection):
        raise FeedTransferError("no_delivery")

    # === TEST ===

    def _test_connection(self):
        """Log in and go to the directory.

        :return: what to show: that it went well, or a new host key to confirm
        :raise UserError: what is wrong, in words
        """
        connection = self._get_connection()
        if connection["delivery"] == "none":
            raise UserError(
                self.env._("Files of this feed are downloaded: there is no server.")
            )
        if not connection["host"]:
            raise UserError(self.env._("Enter the server first."))
        try:
            with feed_transport.told_apart(connection["password"]):
                server = getattr(self, f"_{connection['delivery']}_connect")(connection)
                try:
                    server.enter(connection["directory"])
                finally:
                    server.close()
        except FeedTransferError as error:
            if error.code == "host_key_missing":
                return self._ask_host_key(error.detail)
            problem = self._get_transfer_problem(error, again=False)
            raise UserError(problem) from None
        return self._notify(
            self.env._("Connected: server, user, password and directory are right.")
        )

    def _ask_host_key(self, host_key):
        """Show the key of a server that is not known yet; the answer notes it."""
        wizard = self.env["customer.data.feed.host.key"].create(
            {"feed_id": self.id, "host_key": host_key}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Is This the Right Server?"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_forget_host_key(self):
        """Forget the key of the SFTP server, because the receiver has a new one."""
        self.write({"host_key": False})

    # === WORDS ===

    def _get_transfer_problem(self, error, again=True):
        """Return a failure of a transfer in words, with what to do.

        :param again: whether it is tried again by itself
        """
        problem = self._get_transfer_problems().get(
            error.code, self.env._("The transfer did not succeed.")
        )
        if error.code == "host_key":
            problem = f"{problem} {error.detail}"
        elif error.detail:
            problem = self.env._(
                "%(problem)s (%(detail)s)", problem=problem, detail=error.detail
            )
        if again and not error.needs_person:
            problem = self.env._("%s It is tried again by itself.", problem)
        return problem

    def _get_transfer_problems(self):
        return {
            "login": self.env._(
                "The server refused user name or password. Enter both again and press "
                "Test Connection."
            ),
            "host": self.env._(
                "There is no server of this name. Check how it is written, then press "
                "Test Connection."
            ),
            "unreachable": self.env._(
                "Nobody answers at this server and port. Check both; if they are "
                "right, ask the receiver whether the server is up."
            ),
            "timeout": self.env._("The server did not answer in time."),
            "interrupted": self.env._("The connection broke off."),
            "incomplete": self.env._("The server did not keep the whole file."),
            "disk_full": self.env._("The server has no room left. Tell the receiver."),
            "directory": self.env._(
                "The directory is not on the server. Correct it, or ask the receiver "
                "to make it."
            ),
            "refused": self.env._(
                "The server refused to take the file. Ask the receiver whether this "
                "user may write there."
            ),
            "file_gone": self.env._(
                "The file is not there any more. Give it up, and set Next File From "
                "back to where it began: the orders go with the next file."
            ),
            "no_delivery": self.env._(
                "Nothing says how files are delivered. Choose it in the feed."
            ),
            "certificate": self.env._(
                "The server's certificate cannot be trusted, so nothing was sent, not "
                "even the password. Check the name of the server, or enter its "
                "certificate."
            ),
            "certificate_invalid": self.env._(
                "The certificate that was entered is not one in PEM. Copy it again, "
                "from BEGIN CERTIFICATE to END CERTIFICATE."
            ),
            "tls": self.env._(
                "No secure connection came about. Ask the receiver whether the server "
                "offers FTPS with explicit TLS."
            ),
            "host_key": self.env._(
                "The server shows another key than the one that was confirmed, so "
                "nothing was sent, not even the password. Ask the receiver whether "
                "the key has changed; then press Forget Key and Test Connection. The "
                "key that it shows:"
            ),
            "host_key_missing": self.env._(
                "The key of the server has not been confirmed. Press Test Connection."
            ),
        }
