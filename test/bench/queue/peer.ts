/** Its queue. The same durability and no heartbeat or retry to look after: the least work that pg-boss can have. */
export const peerQueue = 'ticks'
