/// The units that devices write behind their numbers, or beside them, and what turns one into another of its kind.
///
/// Names are UCUM codes and what firmwares write in their place. Factors are exact by definition (NIST SP 811), as far as they can be.
struct UnitConversion: Equatable, Sendable {
    enum Quantity: Sendable {
        case temperature, pressure, power, apparentPower, reactivePower, energy, voltage, current, frequency, time, length, speed, volume
        case mass, share, signal, concentration, illuminance
    }
    let quantity: Quantity
    /// value in the quantity's first unit = number · factor + offset
    let factor: Double
    let offset: Double

    /// A number of one unit in another. Nil when the two measure different things, or when one is not known.
    static func convert(_ number: Double, from: String, to: String) -> Double? {
        find(from).flatMap { source in find(to).flatMap { source.convert(number, to: $0) } }
    }

    /// A number of this unit in another. Nil when the two measure different things.
    func convert(_ number: Double, to other: UnitConversion) -> Double? {
        guard quantity == other.quantity else { return nil }
        let (scale, offset) = (factor / other.factor, (offset - other.offset) / other.factor)
        // In the same unit it stays exactly what it was.
        return scale == 1 && offset == 0 ? number : number * scale + offset
    }

    static func find(_ name: String) -> UnitConversion? { table[name] }

    /// The UCUM code of a unit that is known by another name; any other unchanged.
    static func code(_ name: String) -> String { codes[name] ?? name }

    private static let codes: [String: String] = [
        "C": "Cel", "°C": "Cel", "℃": "Cel", "degC": "Cel", "celsius": "Cel", "F": "[degF]", "°F": "[degF]", "℉": "[degF]",
        "degF": "[degF]",
        "psi": "[psi]", "mmHg": "mm[Hg]", "VA": "V.A", "kVA": "kV.A", "Wh": "W.h", "kWh": "kW.h", "MWh": "MW.h", "sec": "s", "m³": "m3",
        "l": "L", "dBm": "dB[mW]", "ppm": "[ppm]", "lux": "lx",
    ]

    private static let table: [String: UnitConversion] = {
        var table: [String: UnitConversion] = [:]
        func add(_ quantity: Quantity, _ factor: Double, _ names: String..., offset: Double = 0) {
            for name in names { table[name] = UnitConversion(quantity: quantity, factor: factor, offset: offset) }
        }
        add(.temperature, 1, "Cel", "C", "°C", "℃", "degC", "celsius")
        add(.temperature, 5.0 / 9, "[degF]", "F", "°F", "℉", "degF", "fahrenheit", offset: -160.0 / 9)
        add(.temperature, 1, "K", "kelvin", offset: -273.15)
        add(.pressure, 1, "Pa")
        add(.pressure, 100, "hPa", "mbar")
        add(.pressure, 1000, "kPa")
        add(.pressure, 1e5, "bar")
        add(.pressure, 1e6, "MPa")
        add(.pressure, 6894.757293168, "[psi]", "psi")
        add(.pressure, 133.322387415, "mm[Hg]", "mmHg")
        add(.pressure, 3386.388640341, "[in_i'Hg]", "inHg")
        add(.power, 1, "W")
        add(.power, 0.001, "mW")
        add(.power, 1000, "kW")
        add(.power, 1e6, "MW")
        add(.apparentPower, 1, "V.A", "VA")
        add(.apparentPower, 1000, "kV.A", "kVA")
        add(.reactivePower, 1, "var", "VAr", "VAR")
        add(.reactivePower, 1000, "kvar", "kVAr", "kVAR")
        add(.energy, 1, "W.h", "Wh")
        add(.energy, 1000, "kW.h", "kWh")
        add(.energy, 1e6, "MW.h", "MWh")
        add(.energy, 1.0 / 3600, "J")
        add(.energy, 1.0 / 3.6, "kJ")
        add(.energy, 1000.0 / 3.6, "MJ")
        add(.voltage, 1, "V")
        add(.voltage, 0.001, "mV")
        add(.voltage, 1000, "kV")
        add(.current, 1, "A")
        add(.current, 0.001, "mA")
        add(.frequency, 1, "Hz")
        add(.frequency, 1000, "kHz")
        add(.frequency, 1e6, "MHz")
        add(.time, 1, "s", "sec")
        add(.time, 0.001, "ms")
        add(.time, 60, "min")
        add(.time, 3600, "h")
        add(.time, 86_400, "d")
        add(.length, 1, "m")
        add(.length, 0.001, "mm")
        add(.length, 0.01, "cm")
        add(.length, 1000, "km")
        add(.length, 0.0254, "[in_i]", "in")
        add(.length, 0.3048, "[ft_i]", "ft")
        add(.speed, 1, "m/s")
        add(.speed, 1 / 3.6, "km/h")
        add(.speed, 0.44704, "[mi_i]/h", "mph")
        add(.speed, 1852.0 / 3600, "[kn_i]", "kn")
        add(.volume, 1, "m3", "m³")
        add(.volume, 0.001, "L", "l")
        add(.mass, 1, "g")
        add(.mass, 1000, "kg")
        add(.mass, 453.59237, "[lb_av]", "lb")
        add(.share, 1, "%")
        add(.signal, 1, "dB[mW]", "dBm")
        add(.concentration, 1, "[ppm]", "ppm")
        add(.illuminance, 1, "lx", "lux")
        return table
    }()
}
