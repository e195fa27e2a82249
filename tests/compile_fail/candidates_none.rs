use shiplap::search::candidates;

fn main() {
    let _ = candidates![].learning_rates([0.1]);
}
