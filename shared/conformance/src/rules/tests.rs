use crate::testing::Good;
#[test]
fn the_good_delivery_breaks_no_rule() {
    let report = Good::new().report();
    println!("{}", report.summary());
    assert_eq!(report.violations, []);
}
