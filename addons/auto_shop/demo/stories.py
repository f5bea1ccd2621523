# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""What happened in the demo shop, as tables; ``auto_shop_demo`` makes records of it.

Names stand for external ids without their prefix: ``oil_change`` is
``product_oil_change``, ``maria_gutierrez`` is ``res_partner_maria_gutierrez``.
"""

# What a visit was about: (product, quantity).
JOBS = [
    [("oil_change_synthetic", 1), ("tire_rotation", 1)],
    [("oil_change", 1), ("wiper_blades", 1)],
    [("brake_labor", 1), ("brake_pads", 1), ("brake_rotor", 2)],
    [("oil_change_synthetic", 1), ("cabin_filter", 1), ("air_filter", 1)],
    [("diagnosis", 1), ("battery", 1), ("labor", 0.5)],
    [("tire", 4), ("alignment", 1)],
    [("chip_repair", 1)],
    [("state_inspection", 1), ("oil_change", 1)],
    [("ac_recharge", 1), ("cabin_filter", 1)],
    [("coolant_flush", 1), ("serpentine_belt", 1), ("labor", 1)],
    [("headlight_restoration", 1), ("wiper_blades", 1)],
    [("transmission_service", 1)],
    [("strut", 2), ("alignment", 1), ("labor", 3)],
    [("oil_change_synthetic", 1)],
]

# Days since the last visit, vehicle by vehicle; None: has not been here yet. The
# round numbers are those on which a customer counts as inactive.
LAST_VISITS = [
    *(3, 45, 90, None, 2, 180, 62, 4, 270, 1),
    *(None, 75, 91, 5, 150, 360, 33, None, 181, 1),
    *(58, 120, 2, 89, 3, 20, 210, 269, 4, 47),
    *(400, 5, 179, None, 70, 30, 90, 3, 500, 2),
]

# What was recommended and put off: (work, amount).
DEFERRED_WORK = [
    ("Rear brake pads are down to 3 mm", 289.0),
    ("Serpentine belt is cracked", 193.0),
    ('Two front tires are below 4/32"', 336.0),
    ("Windshield chip on the passenger side, repair before it spreads", 79.0),
    ("Cabin air filter", 34.0),
    ("Valve cover gasket seeps oil", 410.0),
    ("Front struts leak", 835.0),
    ("Coolant is due by age", 149.95),
    ("Battery tested weak: 61 %", 239.0),
    ("Wheel alignment", 119.95),
]

# Customers who came only once they were asked; nobody came, or nobody noted it.
NO_SHOW_DAYS = (1, 3, 8)
FORGOTTEN_DAYS = (1, 2)

# How many appointments the coming working days have, at the main location.
COMING = (5, 4, 5, 3, 4, 3, 2, 2, 1, 1, 1, 1, 0, 1, 0, 1)
# The same for today, by hour (local) and bay.
TODAY = (
    (8, "glass_1"),
    (8, "lift"),
    (10, "glass_2"),
    (10, "lift"),
    (13, "glass_1"),
    (13, "van"),
    (15, "glass_2"),
    (15, "lift"),
)
HOURS = (8, 10, 13, 15)
BAYS = ("glass_1", "glass_2", "lift", "van")
TECHNICIANS = {
    "glass_1": "ray",
    "glass_2": "tasha",
    "lift": "minh",
    "rr_glass": "round_rock",
}

# Conversations, the oldest text first: (minutes ago, who, text, state). "in" is the
# customer; a name is the login of who wrote; a state in capitals is an unread text.
CONVERSATIONS = {
    "maria_gutierrez": [
        (
            2905,
            "counter",
            "Lone Star Auto & Glass: Hi Maria, your quote for the windshield is ready."
            " Reply here with any question, STOP to end.",
            "delivered",
        ),
        (2870, "in", "Does that include the rain sensor?", "delivered"),
        (2862, "counter", "Yes, with gel pad and calibration.", "delivered"),
        (2850, "in", "Great, a morning next week would work for me", "delivered"),
        (
            2841,
            "counter",
            "Very good, I will text you the time. It takes about two hours, plus an"
            " hour before you can drive.",
            "delivered",
        ),
        (38, "in", "Can I wait at the shop? Do you have wifi", "UNREAD"),
    ],
    "priya_raman": [
        (1500, "counter", "Hi Priya, your RAV4 is ready. We close at 6.", "delivered"),
        (1462, "in", "On my way, thank you!", "delivered"),
        (17, "in", "Forgot my sunglasses in the car at pickup?", "UNREAD"),
    ],
    "darnell_brooks": [
        (
            4310,
            "manager",
            "Hi Darnell, the strut quote is $1,079 with alignment. Shall we order?",
            "delivered",
        ),
        (95, "in", "Yes go ahead and order", "UNREAD"),
        (94, "in", "Could you also look at the squeak in the back", "UNREAD"),
    ],
    "kwame_mensah": [
        (1380, "counter", "Kwame, can we move you to 10 AM tomorrow?", "delivered"),
        (1322, "in", "10 is fine", "delivered"),
        (1320, "counter", "Thank you, see you at 10.", "delivered"),
    ],
    "hannah_lindqvist": [
        (5800, "counter", "Hannah, your tires came in. When suits you?", "delivered"),
        (130, "in", "R", "UNREAD"),
    ],
    "carlos_ibarra": [
        (190, "counter", "Carlos, the part is here a day early.", "delivered"),
        (141, "in", "Puedo ir hoy a las 3?", "UNREAD"),
    ],
    "fatima_el_amin": [
        (260, "counter", "Fatima, do you have the insurance claim number?", "sent"),
    ],
    "owen_gallagher": [
        (
            3050,
            "counter",
            "Owen, please send us the VIN: the one on the card is missing.",
            "delivered",
        ),
        (300, "in", "Will do tonight", "delivered"),
    ],
    "rosa_villarreal": [
        (420, "counter", "Rosa, your Civic is ready to be picked up.", "failed"),
    ],
    "aaliyah_freeman": [
        (
            505,
            "counter",
            "Aaliyah, your next appointment is confirmed for 1 PM.",
            "unknown",
        ),
    ],
    "ngozi_adeyemi": [
        (1700, "counter", "Ngozi, the brake quote is in your e-mail.", "delivered"),
        (1655, "in", "What about the rotors only?", "delivered"),
        (1650, "counter", "Pads and rotors go together, or they squeal.", "delivered"),
        (65, "in", "ok. Book me for next week please", "UNREAD"),
    ],
    "mei_ling_chou": [
        (2210, "ray", "Mei-Ling, done. The mirror is glued back as well.", "delivered"),
        (2150, "in", "You are the best, thanks Ray", "delivered"),
    ],
    "lucia_ferrante": [
        (330, "counter", "Lucia, may we start with the diagnosis ($139)?", "delivered"),
        (322, "in", "Yes", "delivered"),
    ],
    "cody_ransom": [
        (8640, "counter", "Cody, thank you for your visit.", "delivered"),
        (8610, "in", "STOP", "delivered"),
    ],
    "samir_nasser": [
        (21600, "counter", "Samir, your truck is due for an oil change.", "delivered"),
        (21590, "in", "Stop", "delivered"),
    ],
}
ROUND_ROCK_CONVERSATIONS = {
    "denise_calloway": [
        (210, "round_rock", "Denise, the glass for your car is here.", "delivered"),
        (44, "in", "Can I come at 4?", "UNREAD"),
    ],
    "arjun_mehra": [
        (1600, "round_rock", "Arjun, your car is ready.", "delivered"),
    ],
}
FAILED = "Landline or unreachable carrier (30006)"
UNKNOWN = "The provider did not answer, and its list does not show this text."

# What else was said: (customer, channel, direction, days ago, subject, text, outcome)
HISTORY = [
    (
        "marcus_delacroix",
        "phone",
        "out",
        2,
        "Call about the declined struts",
        "Wants to wait for the next pay check.",
        "Call back in two weeks",
    ),
    (
        "grace_abernathy",
        "phone",
        "in",
        4,
        "Asked for the price of a chip repair",
        "No mobile phone; call the office number of her husband.",
        "Quote made",
    ),
    (
        "katie_odonnell",
        "memo",
        "out",
        6,
        "Locking wheel nut is in the glove box",
        "The key is in the console.",
        "",
    ),
    (
        "james_whitfield",
        "email",
        "out",
        7,
        "Your invoice from Lone Star Auto & Glass",
        "<p>Dear James,</p><p>thank you for your visit. Your invoice is attached.</p>",
        "",
    ),
    (
        "eun_ji_baek",
        "email",
        "out",
        1,
        "Your quote from Lone Star Auto & Glass",
        "<p>Hello Eun-ji,</p><p>here is the quote we talked about this morning.</p>",
        "",
    ),
]

# Postcards: to customers without an e-mail address.
POSTCARD_TITLE = "Time for a check-up?"
POSTCARD = (
    "<h2>Hello %(first_name)s,</h2><p>it has been a while since your vehicle was with"
    " us. Call %(phone)s and we will find a time that suits you.</p>"
    "<p>Your team at %(shop)s</p>"
)
POSTCARDS_WAITING = (
    "hector_salinas",
    "wesley_tate",
    "walter_jennings",
    "guadalupe_trevino",
    "reggie_fontenot",
    "jorge_cantu",
    "nguyen_thi_lan",
)
POSTCARDS_MAILED = ("patricia_hollis", "rosa_villarreal", "joy_villanueva")
