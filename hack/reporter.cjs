/*
 * Mocha's spec reporter plus a totals file for hack/test.ts: the counts, and title, state and duration of every
 * test, why it failed, and whether it implements a check of the API contract. CommonJS because mocha requires
 * reporters.
 */
const { writeFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const states = new Map();
    const set = (state) => (test) => states.set(test, state);
    const { constants } = Runner;
    const whys = new Map();
    // What never comes to an end, such as the tests behind a failed hook, stays as it is here. (Side by side, files
    // are read by other processes: nothing is known of such a test but that its hook failed.)
    runner.once(constants.EVENT_RUN_BEGIN, () => runner.suite.eachTest(set('not run')));
    runner.on(constants.EVENT_TEST_PASS, set('passed'));
    runner.on(constants.EVENT_TEST_FAIL, (test, error) => {
      states.set(test, 'failed');
      whys.set(test, `${test.titlePath().join(' > ')}\n${error?.stack ?? error}`);
    });
    runner.on(constants.EVENT_TEST_PENDING, set('skipped'));
    runner.once(constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const file = process.env.POLDER_TEST_TOTALS;
      if (file === undefined) return;
      const tests = [...states].map(([test, state]) => ({
        title: test.title,
        state,
        ms: test.duration ?? 0,
        why: whys.get(test),
        // Beside the source the same letters may be numbers of other documents.
        ofContract: /^C[0-9]+ /.test(test.title) && /[\\/]test[\\/]/.test(test.file ?? ''),
      }));
      writeFileSync(file, JSON.stringify({ passed: passes, failed: failures, skipped: pending, tests }));
    });
  }
};
