/** From now on the wall clock of this process is wrong by so much, as on a machine that nobody has set. Timers go on as they were. */
export function shiftClock(byMs: number): void {
  const now = () => realNow() + byMs
  globalThis.Date = new Proxy(Date, {
    construct: (Real, args, target) => Reflect.construct(Real, args.length === 0 ? [now()] : args, target) as Date,
    get: (Real, key) => (key === 'now' ? now : (Reflect.get(Real, key) as unknown)),
  })
}

const realNow = Date.now
