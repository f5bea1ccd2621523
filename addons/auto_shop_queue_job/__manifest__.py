{
    "name": "Auto Shop on Many Machines",
    "summary": "Work off what is due to customers on many machines, as jobs",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "website": "https://github.com/auto-shop-suite/auto-shop",
    "author": "Auto Shop Suite",
    "license": "LGPL-3",
    "depends": ["auto_shop", "queue_job"],
    "data": ["data/queue_job_data.xml"],
    "uninstall_hook": "uninstall_hook",
    "auto_install": True,
}
