# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import base64
import csv
import io
import zipfile

from mailmerge import MailMerge
from openpyxl import load_workbook

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, tagged

from .common import Contact360Common

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels"
 ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/word/document.xml" ContentType="{word}document.main+xml"/>
<Override PartName="/word/settings.xml" ContentType="{word}settings+xml"/></Types>"""
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml."
RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="r1" Target="word/document.xml" Type="{kind}"/></Relationships>"""
KIND = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
)


def make_letter(*names):
    """Return a Word file with one merge field a paragraph, base64-encoded."""
    paragraphs = "".join(
        f'<w:p><w:fldSimple w:instr=" MERGEFIELD {name} ">'
        f"<w:r><w:t>«{name}»</w:t></w:r></w:fldSimple></w:p>"
        for name in names
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES.format(word=WORD))
        archive.writestr("_rels/.rels", RELATIONS.format(kind=KIND))
        archive.writestr(
            "word/settings.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><w:settings xmlns:w="{W}"/>',
        )
        archive.writestr(
            "word/document.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="{W}">'
            f"<w:body>{paragraphs}<w:sectPr/></w:body></w:document>",
        )
    return base64.b64encode(file.getvalue())


def read_text(content):
    """Return the texts of a Word file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read("word/document.xml").decode()


class MergeCommon(Contact360Common):
    def _merge(self, records, user=None, **vals):
        wizard = (
            self.env["customer.merge.wizard"]
            .with_user(user or self.manager)
            .with_context(
                active_model=records._name,
                active_ids=records.ids,
                allowed_company_ids=(user or self.manager).company_ids.ids,
            )
            .create(vals)
        )
        return wizard

    def _content(self, wizard):
        file, name, _mimetype = wizard._write_file()
        with file:
            return file.read(), name

    def _rows(self, records, **vals):
        content, _name = self._content(self._merge(records, output="csv", **vals))
        self.assertTrue(content.startswith(b"\xef\xbb\xbf"))
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


@tagged("post_install", "-at_install")
class TestMerge(MergeCommon):
    """Lists and letters from any list of customers."""

    def test_names_of_columns_are_public(self):
        (row,) = self._rows(self.vehicle)
        self.assertEqual(
            list(row),
            "customer_number mailing_name company_name street street2 city state zip "
            "country email customer_phone customer_mobile do_not_mail year make model "
            "submodel plate plate_state vin driver last_service_date next_service_date "
            "deferred_items appointment_date business_name business_owner phone "
            "business_email feedback".split(),
        )

    def test_a_row_of_each_list(self):
        self._invoice("2026-01-01")
        self.ann.write({"street": "2 Elm", "city": "Austin", "zip": "78701"})
        work = self.env["vehicle.deferred.work"].create(
            [
                {
                    "vehicle_id": self.vehicle.id,
                    "description": text,
                    "date": "2026-01-01",
                }
                for text in ("Rear brakes", "Wipers")
            ]
        )
        event = self._book("2026-03-20", hour=14)
        self._set_rule("reminder_2", 3)
        with self.at("2026-03-15"):
            self.env["customer.contact.due"]._refresh(self.setup)
        due = self.env["customer.contact.due"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(len(due), 1)
        plate = self.vehicle.license_plate
        for records, has_vehicle, has_event in (
            (self.ann, False, False),
            (self.vehicle, True, False),
            (work[0], True, False),
            (event, True, True),
            (due, True, True),
        ):
            with self.subTest(records._name):
                (row,) = self._rows(records)
                self.assertEqual(row["mailing_name"], "Ann Miller")
                self.assertEqual(row["street"], "2 Elm")
                self.assertEqual(row["customer_mobile"], "(512) 555-0123")
                self.assertEqual(row["business_name"], "Main Street Auto")
                self.assertEqual(row["plate"], plate if has_vehicle else "")
                self.assertEqual(
                    row["last_service_date"], "2026-01-01" if has_vehicle else ""
                )
                self.assertEqual(
                    row["deferred_items"], "Rear brakes; Wipers" if has_vehicle else ""
                )
                self.assertEqual(
                    row["appointment_date"], "2026-03-20 14:00" if has_event else ""
                )

    def test_formulas_are_defused_and_umlauts_kept(self):
        cases = [
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("+1", "'+1"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ('Jürgen, „Groß“ "X"', 'Jürgen, „Groß“ "X"'),
        ]
        for name, expected in cases:
            with self.subTest(name):
                self.ann.name = name
                (row,) = self._rows(self.ann)
                self.assertEqual(row["mailing_name"], expected)
                content, _name = self._content(self._merge(self.ann, output="xlsx"))
                sheet = load_workbook(io.BytesIO(content)).active
                self.assertEqual(sheet["B2"].value, name)
                self.assertEqual(sheet["B2"].data_type, "s")

    def test_excel_has_dates_as_dates(self):
        self._invoice("2026-01-01")
        content, name = self._content(self._merge(self.vehicle, output="xlsx"))
        sheet = load_workbook(io.BytesIO(content)).active
        headers = [cell.value for cell in sheet[1]]
        cell = sheet[2][headers.index("last_service_date")]
        self.assertTrue(cell.is_date)
        self.assertEqual(str(cell.value)[:10], "2026-01-01")
        self.assertTrue(name.endswith(".xlsx"))

    def test_do_not_mail_is_left_out_and_said(self):
        ben = self._create_customer(name="Ben")
        ben.do_not_mail = True
        wizard = self._merge(self.ann | ben)
        self.assertEqual((wizard.record_count, wizard.left_out_count), (2, 1))
        self.assertEqual(len(self._rows(self.ann | ben)), 1)
        self.assertEqual(len(self._rows(self.ann | ben, mailable_only=False)), 2)
        with self.assertRaisesRegex(UserError, "no customer"):
            self._merge(ben).action_download()

    def test_order_of_the_list_is_kept(self):
        people = self.env["res.partner"].create(
            [{"name": f"P{number}"} for number in range(5)]
        )
        backwards = people.browse(people.ids[::-1])
        self.assertEqual(
            [row["mailing_name"] for row in self._rows(backwards)],
            ["P4", "P3", "P2", "P1", "P0"],
        )

    def test_only_what_one_may_read(self):
        hidden = self._create_customer(name="Hidden", company_id=self.other_company.id)
        foreign = self._create_vehicle(hidden, company_id=self.other_company.id)
        vehicles = self.vehicle | foreign
        names = [row["mailing_name"] for row in self._rows(vehicles)]
        self.assertEqual(names, ["Ann Miller"])
        names = [row["mailing_name"] for row in self._rows(self.ann | hidden)]
        self.assertEqual(names, ["Ann Miller"])

    def test_staff_needs_the_right_to_export(self):
        wizard = self._merge(self.ann, user=self.staff)
        with self.assertRaises(AccessError):
            wizard.action_download()
        with self.assertRaises(AccessError):
            wizard._write_file()
        self.staff.group_ids += self.env.ref("base.group_allow_export")
        self.assertTrue(wizard.action_download())

    def test_other_users_wizard(self):
        wizard = self._merge(self.ann)
        with self.assertRaises(AccessError):
            wizard.with_user(self.outsider).check_access("read")

    def test_letter(self):
        letter = self.env["customer.merge.template"].create(
            {"name": "Winter", "file": make_letter("mailing_name", "business_name")}
        )
        self.assertEqual(letter.field_names, "business_name, mailing_name")
        ben = self._create_customer(name="Ben & Söhne <GmbH>")
        wizard = self._merge(self.ann | ben, output="docx", template_id=letter.id)
        content, name = self._content(wizard)
        self.assertEqual(name, "Winter.docx")
        text = read_text(content)
        self.assertIn("Ann Miller", text)
        self.assertIn("Ben &amp; Söhne &lt;GmbH&gt;", text)
        self.assertEqual(text.count("Main Street Auto"), 2)
        self.assertIn('w:type="page"', text)
        wizard.one_each = True
        content, name = self._content(wizard)
        self.assertEqual(name, "Winter.zip")
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            self.assertEqual(
                archive.namelist(),
                ["00001 Ann Miller.docx", "00002 Ben  Söhne GmbH.docx"],
            )
            with MailMerge(io.BytesIO(archive.read(archive.namelist()[0]))) as one:
                self.assertFalse(one.get_merge_fields())

    def test_letters_that_cannot_be_used(self):
        templates = self.env["customer.merge.template"]
        cases = [
            (make_letter("mailing_nam"), "no merge field mailing_nam"),
            (base64.b64encode(b"Dear customer"), "not a Word file"),
            (base64.b64encode(b"PK\x05\x06" + b"\0" * 18), "not a Word file"),
        ]
        for file, sentence in cases:
            with (
                self.subTest(sentence),
                self.assertRaisesRegex(ValidationError, sentence),
            ):
                templates.create({"name": "Bad", "file": file})
        with self.assertRaisesRegex(UserError, "Choose a letter"):
            self._merge(self.ann, output="docx").action_download()

    def test_staff_uses_letters_and_managers_keep_them(self):
        letter = self.env["customer.merge.template"].create(
            {"name": "Winter", "file": make_letter("mailing_name")}
        )
        self.staff.group_ids += self.env.ref("base.group_allow_export")
        wizard = self._merge(
            self.ann, user=self.staff, output="docx", template_id=letter.id
        )
        self.assertIn("Ann Miller", read_text(self._content(wizard)[0]))
        with self.assertRaises(AccessError):
            letter.with_user(self.staff).name = "Mine"

    def test_queries_do_not_grow_with_the_rows(self):
        people = self.env["res.partner"].create(
            [{"name": f"P{number}"} for number in range(1000)]
        )
        counts = []
        for records in (people[:10], people):
            wizard = self._merge(records, output="csv")
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._content(wizard)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2, counts)


@tagged("post_install", "-at_install")
class TestMergeDownload(MergeCommon, HttpCase):
    def test_download(self):
        wizard = self._merge(self.ann, output="csv")
        url = wizard.action_download()["url"]
        self.env.flush_all()
        self.authenticate("shop_manager", "shop_manager")
        response = self.url_open(url)
        self.assertEqual(response.status_code, 200)
        self.assertIn("Ann Miller", response.content.decode("utf-8-sig"))
        self.assertIn(".csv", response.headers["Content-Disposition"])
        self.authenticate("shop_outsider", "shop_outsider")
        self.assertEqual(self.url_open(url).status_code, 404)
        self.authenticate(None, None)
        self.assertNotIn("Ann", self.url_open(url).text)
