# A thin front: what is done, and how, is in dev/ (python3 -m dev).
# Variables given on the command line (make run PORT=8070) reach it as environment.
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help run test bench screenshots lint pot shell lock clean

help run test bench screenshots lint pot shell lock clean:
	@$(PYTHON) -m dev $@
