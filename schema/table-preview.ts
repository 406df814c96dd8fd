import { uploadsOf } from '../jobs/control/job-uploads.ts'
import { previewTable, type TablePreview } from '../jobs/control/preview-table.ts'
import { kindNamed } from '../jobs/registry.ts'
import { badUserInput } from './bad-user-input.ts'
import { builder } from './builder.ts'
import { JobKind } from './job-enums.ts'

const mostText = 1_000_000

const TablePreviewRow = builder.objectRef<TablePreview['rows'][number]>('TablePreviewRow').implement({
  description: 'A row of a table.',
  fields: (t) => ({
    line: t.exposeInt('line', { description: 'The line on which it begins, from 1.' }),
    cells: t.exposeStringList('cells', { description: 'Its cells, as they were written.' }),
  }),
})

const TableProblem = builder.objectRef<NonNullable<TablePreview['problem']>>('TableProblem').implement({
  description: 'Why a table cannot be read as it is.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'What is wrong, in a word for programs.' }),
    message: t.exposeString('message', { description: 'What is wrong, in words for people, with its place.' }),
    line: t.int({ nullable: true, description: 'The line, from 1; null for the whole.', resolve: ({ line }) => line }),
    column: t.int({ nullable: true, description: 'The column, from 1.', resolve: ({ column }) => column }),
  }),
})

const TablePreviewType = builder.objectRef<TablePreview>('TablePreview').implement({
  description: 'How a table would be read, with its first rows.',
  fields: (t) => ({
    delimiter: t.string({
      nullable: true,
      description: 'What stands between two cells; null where the table cannot be read.',
      resolve: ({ shape }) => shape?.delimiter,
    }),
    encoding: t.string({
      nullable: true,
      description:
        'How its letters are written: `utf-8` (and what is none of it as windows-1252), `utf-16le`, `utf-16be`.',
      resolve: ({ shape }) => shape?.encoding,
    }),
    hasHeader: t.boolean({
      description: 'Whether its first row names the columns.',
      resolve: ({ shape }) => shape?.hasHeader ?? false,
    }),
    columns: t.stringList({
      description: 'The names of its columns; `column 1` and so on where there is no header.',
      resolve: ({ shape }) => shape?.columns ?? [],
    }),
    column: t.int({
      nullable: true,
      description: 'The column that is read, from 1; null where it has to be said.',
      resolve: ({ shape, found }) => (shape && found ? shape.column + 1 : null),
    }),
    rows: t.field({ type: [TablePreviewRow], description: 'The first rows of data.', resolve: ({ rows }) => rows }),
    problem: t.field({
      type: TableProblem,
      nullable: true,
      description: 'What is wrong; null where nothing is.',
      resolve: ({ problem }) => problem,
    }),
  }),
})

builder.queryField('tablePreview', (t) =>
  t.field({
    type: TablePreviewType,
    nullable: true,
    description:
      'How a job of a kind would read a table, from an upload or as text. Null where there is no such upload of yours, it is not complete, or the kind reads no tables.',
    args: {
      kind: t.arg({ type: JobKind, required: true, description: 'The kind that is to read it.' }),
      upload: t.arg.id({ description: 'The id of a complete upload.' }),
      text: t.arg.string({ description: 'The table itself, in place of an upload; its beginning will do.' }),
      column: t.arg.string({ description: 'The header of the column to read, or its number from 1.' }),
      delimiter: t.arg.string({ description: 'The character between two cells, or `tab`.' }),
      header: t.arg.boolean({ description: 'Whether the first row names the columns.' }),
    },
    async resolve(_root, { kind: name, upload, text, column, delimiter, header }, { engine, viewer }) {
      if ((text?.length ?? 0) > mostText) throw badUserInput(`text may have ${mostText} characters.`)
      const sought = kindNamed(name).sought?.(engine.settings)
      if (!sought) return null
      const bytes = text == null ? undefined : Buffer.from(text)
      const reader = bytes || upload == null ? undefined : await uploadsOf(engine, viewer.owner)(upload)
      if (!bytes && !reader) return null
      const open = (start: number) => (bytes ? [bytes.subarray(start)] : reader!.read({ start }))
      return previewTable(open, sought, {
        ...(column != null && { column }),
        ...(delimiter != null && { delimiter: delimiter === 'tab' ? '\t' : delimiter }),
        ...(header != null && { hasHeader: header }),
      })
    },
  }),
)
