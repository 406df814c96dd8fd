/** What the app asks for of a job that it shows. */
export const follow = `subscription Follow($jobId: ID!, $after: Float) {
  jobEvents(jobId: $jobId, after: $after) {
    __typename
    ... on JobEvent { seq type at message shard workerId url item category httpStatus }
    ... on JobSnapshot { job { id state lastSeq allowedActions finishedAt waitingUntil waitingFor
      progress { phase done total percent succeeded failed skipped results ratePerSecond etaSeconds workers { id slots done } } } }
    ... on ResyncRequired { firstSeq lastSeq }
    ... on NotFound { code message }
  }
}`

export async function startRelay(address: string, input: Record<string, unknown>): Promise<number> {
  const fields = Object.entries(input).map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
  const data = await mutate<{ startRelay: { job: { id: string } } }>(
    address,
    `mutation { startRelay(input: { ${fields.join(', ')} }) { ... on StartJobSuccess { job { id } } } }`,
  )
  return Number(data.startRelay.job.id)
}

export async function action(address: string, name: string, jobId: number): Promise<void> {
  await mutate(address, `mutation { ${name}(id: ${jobId}) { __typename } }`)
}

async function mutate<Data>(address: string, query: string): Promise<Data> {
  const response = await fetch(`http://${address}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown }
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}
