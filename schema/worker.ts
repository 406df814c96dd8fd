import { listWorkers, type WorkerRow } from '../db/worker-list.ts'
import { builder } from './builder.ts'

const Worker = builder.objectRef<WorkerRow>('Worker').implement({
  description: 'A process that does the work of jobs, on whatever machine.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Its id, new at every start.' }),
    host: t.exposeString('host', { description: 'The machine that it runs on.' }),
    pid: t.exposeInt('pid', { description: 'Its process id there.' }),
    slots: t.exposeInt('slots', { description: 'How many parts of jobs it can run at once.' }),
    running: t.exposeInt('running', { description: 'How many it runs now.' }),
    itemsPerSecond: t.exposeFloat('itemsPerSecond', {
      description: 'Items a second that it has brought to an end of late.',
    }),
    steps: t.exposeFloat('steps', { description: 'Steps that it has stored since it began.' }),
    commitLagMs: t.exposeFloat('commitLagMs', {
      description: 'Of late: the longest time from a step that was ready to its commit, in milliseconds.',
    }),
    loopLagMs: t.exposeFloat('loopLagMs', {
      description: 'Of late: how long its event loop was held up, 99th percentile in milliseconds.',
    }),
    noticeLagMs: t.exposeFloat('noticeLagMs', {
      description: 'How long the last notice to itself was on its way through the database, in milliseconds.',
    }),
    since: t.expose('since', { type: 'DateTime', description: 'When it began.' }),
    seenAt: t.expose('seenAt', { type: 'DateTime', description: 'When it last gave a sign of life.' }),
  }),
})

builder.queryField('workers', (t) =>
  t.field({
    type: [Worker],
    description: 'The workers that are alive, by machine and process.',
    resolve: (_root, _args, { engine }) => listWorkers(engine.db),
  }),
)
