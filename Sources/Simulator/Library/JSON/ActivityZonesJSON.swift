/// GET /activities/{id}/zones: seconds per zone, floats for heart rate (docs/strava-api.md 3.5).
enum ActivityZonesJSON {
    private static let borders_bpm = [0, 117, 145, 159, 174]

    static func body(_ recipe: ActivityRecipe) -> [UInt8] {
        var json = JSONWriter()
        json.array { list in
            if recipe.hasHeartrate { list.object { writeHeartrate(recipe, &$0) } }
        }
        return json.bytes
    }

    private static func writeHeartrate(_ recipe: ActivityRecipe, _ json: inout JSONWriter) {
        json.field("score", units: ActivityShape(recipe).moving_s / 4, places: 1)
        json.field("distribution_buckets", array: { writeBuckets(seconds(recipe), &$0) })
        json.field("type", "heartrate")
        json.field("resource_state", 3)
        json.field("sensor_based", true)
        json.field("points", recipe.keptPoints / 20)
        json.field("custom_zones", false)
    }

    private static func writeBuckets(_ seconds: [Int], _ json: inout JSONWriter) {
        for (place, border) in borders_bpm.enumerated() {
            json.object {
                $0.field("min", border)
                $0.field("max", place + 1 < borders_bpm.count ? borders_bpm[place + 1] - 1 : -1)
                $0.field("time", units: seconds[place] * 10, places: 1)
            }
        }
    }

    private static func seconds(_ recipe: ActivityRecipe) -> [Int] {
        let shape = ActivityShape(recipe)
        let body = ActivityBody(recipe)
        var seconds = borders_bpm.map { _ in 0 }
        for index in 1..<max(2, recipe.keptPoints) {
            let bpm = body.heartrate(index, shape)
            let zone = borders_bpm.lastIndex { $0 <= bpm } ?? 0
            seconds[zone] += shape.movingSeconds(at: index) - shape.movingSeconds(at: index - 1)
        }
        return seconds
    }
}
