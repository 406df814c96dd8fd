import { builder } from './builder.ts'

const SampleSite = builder.objectRef<{ url: string }>('SampleSite').implement({
  description:
    'A small company site that comes with the program, so that a newcomer sees a job run at once, without a network.',
  fields: (t) => ({ url: t.exposeString('url', { description: 'Its start page.' }) }),
})

builder.queryField('sampleSite', (t) =>
  t.field({
    type: SampleSite,
    nullable: true,
    description: 'The sample site; null where it is not served.',
    resolve: (_root, _args, { engine }) => {
      const { sampleSiteUrl: url } = engine.settings
      return url === undefined ? null : { url }
    },
  }),
)
