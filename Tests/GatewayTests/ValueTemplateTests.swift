import Testing

@testable import Gateway

/// Templates of Home Assistant, as far as a profile can say what they say.
@Suite struct ValueTemplateTests {
    @Test(
        arguments: [
            ("{{ value }}", nil, 1), ("{{ value_json.temperature }}", "/temperature", 1),
            ("{{value_json.ENERGY.Power}}", "/ENERGY/Power", 1),
            ("{{ value_json['SI7021']['Temperature'] }}", "/SI7021/Temperature", 1), ("{{ value_json[\"a b\"].c[2] }}", "/a b/c/2", 1),
            ("{{- value_json.x | float -}}", "/x", 1), ("{{ value_json.x | float(0) | round(1, 'floor') }}", "/x", 1),
            ("{{ value_json.x | default('unavailable') }}", "/x", 1), ("{{ float(value_json.x, 0) / 10 }}", "/x", 0.1),
            ("{{ (value_json.x | float / 1000) | round(2) }}", "/x", 0.001), ("{{ value | float * 0.5 }}", nil, 0.5),
            ("{{ value_json.x | multiply(4) }}", "/x", 4), ("{{ value_json['a/b~c'] }}", "/a~1b~0c", 1),
        ] as [(String, String?, Double)])
    func translated(_ text: String, _ pointer: String?, _ scale: Double) throws {
        let template = try ValueTemplate(text)
        #expect(template.pointer == pointer)
        #expect(template.scale == scale)
    }

    @Test(
        arguments: [
            "", "plain", "{{ value_json }}", "{{ }}", "{% if value_json.x %}1{% endif %}", "{{ value_json.x if value_json.x else 0 }}",
            "{{ value_json.x + 1 }}", "{{ value_json.x | regex_replace('a','b') }}", "{{ value_json.items() }}", "{{ value_json[index] }}",
            "{{ states('sensor.x') }}", "{{ value_json.x == 'on' }}", "{{ value_json['a }}", "{{ (value_json.x }}",
            "{{ value_json.x / 0 }}",
            "{{ value_json['{device}'] }}", "{{ value_json.a }}{{ value_json.b }}", "{{ ((((((((((value)))))))))) }}",
            "{{ value_json" + String(repeating: ".a", count: 600) + " }}", "{{ value_json" + String(repeating: ".a", count: 13) + " }}",
        ])
    func refused(_ text: String) {
        #expect(throws: ValueTemplate.Problem.self) { try ValueTemplate(text) }
    }
}
