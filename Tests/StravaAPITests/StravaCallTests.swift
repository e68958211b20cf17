import Core
import Foundation
import Testing

@testable import StravaAPI

struct StravaCallTests {
    @Test func `each call requests the path in Strava's reference`() {
        let at = instant("2026-01-02T03:04:05Z").addingTimeInterval(0.9)
        let cases: [(StravaCall, String, String)] = [
            (.athlete, "athlete", "/athlete"),
            (.activities(page: 3), "activities", "/athlete/activities?page=3&per_page=200"),
            (
                .activities(page: 1, perPage: 30, after: at, before: at.addingTimeInterval(10)), "activities",
                "/athlete/activities?page=1&per_page=30&after=1767323045&before=1767323055"
            ),
            (.activity(ActivityID(16_195_505_756)), "activity", "/activities/16195505756"),
            (
                .streams(ActivityID(1)), "streams",
                "/activities/1/streams?keys=time,distance,latlng,altitude,velocity_smooth,heartrate,cadence,watts,temp,moving,grade_smooth"
                    + "&key_by_type=true"
            ),
            (
                .streams(ActivityID(1), keys: [.time, .gradeSmooth]), "streams",
                "/activities/1/streams?keys=time,grade_smooth&key_by_type=true"
            ),
            (.activityZones(ActivityID(1)), "activity_zones", "/activities/1/zones"),
            (.athleteZones, "athlete_zones", "/athlete/zones"),
            (.athleteStats(AthleteID(134_815)), "athlete_stats", "/athletes/134815/stats"),
            (.gear("b1234"), "gear", "/gear/b1234"),
            (.gear("../x?y=é"), "gear", "/gear/..%2Fx%3Fy%3D%C3%A9"),
        ]
        for (call, name, path) in cases {
            #expect(call.endpointName == name)
            #expect(call.pathAndQuery == path)
        }
    }

    @Test func `only JSON of the call's shape is accepted as its answer`() {
        let list = StravaCall.activities(page: 1).bodyStarts
        let object = StravaCall.athlete.bodyStarts
        #expect(BodyShape.begins(bytes(" [] \n"), withOneOf: list))
        #expect(BodyShape.begins(bytes("\n{}"), withOneOf: object))
        #expect(BodyShape.begins(bytes("[]"), withOneOf: StravaCall.streams(ActivityID(1)).bodyStarts))
        for body in ["", " ", "{}", "[", "[{}", "<html>", "null"] { #expect(!BodyShape.begins(bytes(body), withOneOf: list)) }
    }
}
