// Checks the module of this package in Node.js. The argument is the file that wasm-bindgen
// wrote for it.
const assert = require("node:assert");
const path = require("node:path");

const file = path.resolve(process.argv[2]);
// Returns a new instance of the module.
const instance = () => {
  delete require.cache[file];
  return require(file);
};
const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

const tests = {
  "a date in Retry-After is relative to now": () => {
    const module = instance();
    for (const hint of [module.http_hint, module.aws_hint]) {
      const seconds = hint(new Date(Date.now() + 90_000).toUTCString());
      assert(seconds > 80 && seconds <= 90, `${seconds}`);
      assert.equal(hint("Sun, 06 Nov 1994 08:49:37 GMT"), 0);
      assert.equal(hint("7"), 7);
    }
  },
  "requests are signed with the time of the host": () => {
    const difference = instance().signing_time() - Date.now() / 1000;
    assert(Math.abs(difference) < 5, `${difference}`);
  },
  "a budget refills": async () => {
    const budget = new (instance().Budget)();
    assert.equal(budget.available(), 0);
    budget.call();
    await pause(300);
    const available = budget.available();
    assert(available >= 25, `${available}`);
    const printed = Number(/available: (\d+)/.exec(budget.debug())[1]);
    assert(printed >= available, budget.debug());
    assert.match(budget.display(), /attempts/);
  },
  "each instance draws other delays": () => {
    const first = Array.from({ length: 20 }, () => instance().delays()[0]);
    assert.equal(new Set(first).size, 20, `${first}`);
  },
  "each call draws other delays": () => {
    const delays = instance().delays();
    assert.equal(new Set(delays).size, 8, `${delays}`);
  },
  "a seed repeats the delays in each instance": () => {
    const delays = [...instance().delays(7)];
    assert.deepEqual([...instance().delays(7)], delays);
    assert.deepEqual(delays.slice(0, 4), delays.slice(4));
    assert.notDeepEqual([...instance().delays(8)], delays);
  },
  "delays differ without crypto.getRandomValues": async () => {
    const crypto = Object.getOwnPropertyDescriptor(globalThis, "crypto");
    try {
      Object.defineProperty(globalThis, "crypto", { value: undefined, configurable: true });
      const first = instance().delays()[0];
      await pause(5);
      assert.notEqual(instance().delays()[0], first);
    } finally {
      Object.defineProperty(globalThis, "crypto", crypto);
    }
  },
  "an async call retries": async () => {
    const start = performance.now();
    assert.equal(await instance().retry(), 3);
    const elapsed = performance.now() - start;
    assert(elapsed >= 38, `${elapsed}`);
  },
  "a time limit ends an async call": async () => {
    const attempts = await instance().out_of_time();
    assert(attempts >= 1 && attempts <= 5, `${attempts}`);
  },
  "a loop retries": async () => assert.equal(await instance().start_with(), 3),
  "a session takes the time of the host": () =>
    assert.deepEqual([...instance().start_at(performance.now())], [20, 20, 20]),
  "a sync call reads the clock": () => assert.equal(instance().retry_blocking(), 4),
};

(async () => {
  for (const [name, test] of Object.entries(tests)) {
    await test();
    console.log(`ok: ${name}`);
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
