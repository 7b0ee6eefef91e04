import { testDeaths } from './deaths.ts'
import { share } from './plan.ts'

testDeaths(share(2, 4))
