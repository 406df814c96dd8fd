import { type EngineHealth as Health, readEngineHealth } from '../db/engine-health.ts'
import { builder } from './builder.ts'

const EngineHealth = builder.objectRef<Health>('EngineHealth').implement({
  description: 'How the engine does as a whole, over the jobs of all owners.',
  fields: (t) => ({
    jobs: t.exposeFloat('jobs', { description: 'Jobs that go on by themselves.' }),
    running: t.exposeFloat('running', { description: 'Parts of jobs that workers run now.' }),
    queued: t.exposeFloat('queued', { description: 'Parts that could run and have no slot yet.' }),
    waiting: t.exposeFloat('waiting', { description: 'Parts that wait for their moment, as a polite crawl does.' }),
    messages: t.exposeFloat('messages', { description: 'Messages in the queue that nobody has settled.' }),
    oldestMessageSeconds: t.exposeFloat('oldestMessageSeconds', {
      nullable: true,
      description: 'How long the oldest of them that could be taken has lain there; null where there is none.',
    }),
    databaseBytes: t.exposeFloat('databaseBytes', { description: 'Size of the database.' }),
    database: t.exposeString('database', { description: 'What it is and its version.' }),
    listening: t.boolean({
      description:
        'Whether this API hears the notices of the database; without them changes are found by asking, 2 s late.',
      resolve: (_health, _args, { live }) => live.listening(),
    }),
  }),
})

builder.queryField('engineHealth', (t) =>
  t.field({
    type: EngineHealth,
    description: 'How the engine does.',
    resolve: (_root, _args, { engine }) => readEngineHealth(engine.db),
  }),
)
