// PostGraphile 5 as its documentation sets it up for production: the Amber preset, no explorer, no watching, no explain, no
// subscriptions; one Node process. Usage: node server.mjs DATABASE-URL POOL-SIZE. It ends when its standard input does.
import { createServer } from 'node:http'
import { postgraphile } from 'postgraphile'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { makePgService } from 'postgraphile/adaptors/pg'

const [connectionString, poolSize] = process.argv.slice(2)
const service = makePgService({
  connectionString,
  schemas: ['public'],
  pubsub: false,
  poolConfig: { min: Number(poolSize), max: Number(poolSize) },
})
const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [service],
  gather: { installWatchFixtures: false },
  schema: { defaultBehavior: '+list' },
  grafast: { explain: false },
  grafserv: { graphqlPath: '/graphql', graphiql: false, websockets: false, watch: false },
})
const server = createServer()
await instance.createServ(grafserv).addTo(server)
server.listen(0, '127.0.0.1', () => console.log(`listening 127.0.0.1:${server.address().port}`))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
