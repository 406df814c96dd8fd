import type { ResultFileRow } from '../db/result-files.ts'
import { builder } from './builder.ts'

export const Artifact = builder.objectRef<ResultFileRow>('Artifact').implement({
  description: 'A file that a job made.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, such as `job_7.json`.' }),
    url: t.string({
      description: 'Where it can be read: the path on this server. A result file comes as it is at that moment.',
      resolve: ({ name }) => `/artifacts/${name}`,
    }),
    sizeBytes: t.exposeFloat('sizeBytes', { description: 'Bytes of the file in the store.' }),
    madeAt: t.expose('madeAt', { type: 'DateTime', description: 'When that was written last.' }),
  }),
})
