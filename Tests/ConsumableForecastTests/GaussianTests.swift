import Glibc
import Testing

@testable import ConsumableForecast

@Suite struct GaussianTests {
    @Test func eightAtOnceAreWhatOneIs() {
        for step in stride(from: -12.0, through: 12, by: 0.013) {
            let z = SIMD8<Double>(step, -step, step / 3, 0, 40 * step, step - 1, -8, 8)
            let eight = Gaussian.cumulative(z)
            for lane in 0..<8 {
                #expect(abs(eight[lane] - Gaussian.cumulative(z[lane])) < 1e-7, "z = \(z[lane])")
            }
        }
    }

    @Test func itRisesFromNothingToCertainty() {
        var last = 0.0
        for step in stride(from: -9.0, through: 9, by: 0.05) {
            let share = Gaussian.cumulative(SIMD8(repeating: step))[3]
            #expect(share >= last - 1e-7 && share >= 0 && share <= 1)
            last = share
        }
        #expect(last > 1 - 1e-7)
        let endless = Gaussian.cumulative(SIMD8<Double>(.infinity, -.infinity, 1e300, -1e300, 0, 0, 0, 0))
        #expect(endless[0] > 1 - 1e-12 && endless[1] < 1e-12 && endless[2] > 1 - 1e-12 && endless[3] < 1e-12)
    }
}
