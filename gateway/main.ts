#!/usr/bin/env node
// argv and exit codes, nothing else.
