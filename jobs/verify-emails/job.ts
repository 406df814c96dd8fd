import type { JobKind } from '../job-kind.ts'
import { estimateVerification } from './estimate.ts'
import { example } from './example.ts'
import { checkVerifyInput, type VerifyInput, verifyInput, verifyNotSetUp, verifyTitle } from './input.ts'
import { inspectList, remarksOnList } from './inspect-list.ts'
import { type VerifyIo, verifyIo } from './io.ts'
import { addresses } from './list-source.ts'
import { readList } from './read-list.ts'
import { retryVerification } from './retry.ts'
import { finishVerification, saveVerification } from './save.ts'
import { type VerifyBatch, type VerifyCheckpoint, verifyCheckpoint } from './verify-batch.ts'
import { verifyRows } from './verify-rows.ts'

/** Verifies addresses. `main` stores the list; every other shard is a range of its rows, named as `shardOfRows` says. */
export const verifyEmails: JobKind<VerifyInput, VerifyCheckpoint, VerifyBatch, VerifyIo> = {
  kind: 'verify-emails',
  title: 'Verify e-mail addresses',
  description:
    'Finds out whether mail to addresses would arrive, and says why it thinks so. What is known is not asked again.',
  input: verifyInput,
  checkpoint: verifyCheckpoint,
  check: checkVerifyInput,
  inspect: inspectList,
  remarks: remarksOnList,
  notSetUp: verifyNotSetUp,
  sought: () => addresses,
  estimate: estimateVerification,
  titleOf: verifyTitle,
  io: verifyIo,
  run: (args) => (args.shard === 'main' ? readList(args) : verifyRows(args)),
  save: saveVerification,
  finish: finishVerification,
  retryFailed: retryVerification,
  example,
}
