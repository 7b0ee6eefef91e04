import { testDeaths } from './deaths.ts'
import { share } from './plan.ts'

testDeaths(share(4, 4))
