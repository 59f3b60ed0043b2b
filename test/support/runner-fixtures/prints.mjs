import t from 'tap'

process.stderr.write('said on standard error\n')
t.ok(false, 'fails, so that the noise is shown')
