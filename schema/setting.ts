import { builder } from './builder.ts'
import type { ShownSetting } from './shown-setting.ts'

const Setting = builder.objectRef<ShownSetting>('Setting').implement({
  description: 'A setting of the server, from its environment or its file .env.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name of the variable.' }),
    group: t.exposeString('group', { description: 'What part of the program it concerns.' }),
    does: t.exposeString('does', { description: 'What it is for.' }),
    secret: t.exposeBoolean('secret', { description: 'Whether its value is never shown.' }),
    given: t.exposeBoolean('given', { description: 'Whether the operator has set it.' }),
    value: t.exposeString('value', {
      nullable: true,
      description: 'What holds now, by default too; null for secrets and where nothing holds.',
    }),
    missing: t.exposeString('missing', {
      nullable: true,
      description: 'What comes of it that it is not set; null where it is, or nothing does.',
    }),
    worthALook: t.exposeBoolean('worthALook', {
      description: 'Whether that is not as it should be, with how the server is set otherwise; else it is optional.',
    }),
    example: t.exposeString('example', { description: 'A value that it could have.' }),
  }),
})

builder.queryField('settings', (t) =>
  t.field({
    type: [Setting],
    description:
      'What the server is set to, by group. They are changed where it is started, and hold from its next start.',
    resolve: (_root, _args, { settings }) => [...(settings ?? [])],
  }),
)
