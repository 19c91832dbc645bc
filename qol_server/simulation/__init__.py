"""A study lived in virtual time: virtual participants with real phones' code, through the real HTTP interface."""
