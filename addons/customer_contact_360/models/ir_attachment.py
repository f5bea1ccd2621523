# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import os
import secrets
import tempfile

from odoo import api, models
from odoo.tools import SQL


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    @api.model
    def _create_streamed(self, vals, write):
        """Create an attachment of a file that is too large to be held in memory.

        Where attachments are not kept as files of this machine, the file goes through
        memory after all.

        :param write: called with an open binary file, writes it and returns
            ``(sha1, size)``
        """
        attachment = self.create({**vals, "raw": b""})
        if self._storage() != "file":
            with tempfile.TemporaryFile() as file:
                write(file)
                file.seek(0)
                attachment.raw = file.read()
            return attachment
        # The collection of garbage waits while somebody writes attachments, so it
        # takes neither the file that is being written nor the one that is not on
        # record yet; when this transaction fails, it takes both.
        attachment.flush_recordset()
        part = self._get_streamed_name(secrets.token_hex(20))
        with open(self._full_path(part), "xb") as file:
            sha1, size = write(file)
            file.flush()
            os.fsync(file.fileno())
        name = self._get_streamed_name(sha1)
        os.replace(self._full_path(part), self._full_path(name))
        attachment._set_stored(name, sha1, size)
        return attachment

    def _create_same(self, vals):
        """Create another attachment of the same content, without reading it."""
        self.ensure_one()
        if not self.store_fname:
            return self.create({**vals, "raw": self.raw})
        attachment = self.create({**vals, "raw": b""})
        attachment._set_stored(self.store_fname, self.checksum, self.file_size)
        return attachment

    def _set_stored(self, name, sha1, size):
        # The methods of the model take the content alone.
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE ir_attachment SET store_fname = %s, checksum = %s,"
                " file_size = %s WHERE id = %s",
                name,
                sha1,
                size,
                self.id,
            )
        )
        self.invalidate_recordset()

    @api.model
    def _get_streamed_name(self, digest):
        name = f"{digest[:2]}/{digest}"
        os.makedirs(os.path.dirname(self._full_path(name)), exist_ok=True)
        self._mark_for_gc(name)
        return name

    def _open_streamed(self):
        """Open the content as a binary file."""
        self.ensure_one()
        if self.store_fname and self._storage() == "file":
            return open(self._full_path(self.store_fname), "rb")
        file = tempfile.TemporaryFile()
        file.write(self.raw or b"")
        file.seek(0)
        return file
