use shiplap::prelude::*;

type Net = (Frozen<Dense<4, 8, Relu>>, Dense<8, 1, Linear>);
type NetTrainer = Trainer<Net, MeanSquaredError, Momentum, 2>;

fn main() {
    let mut trainer = NetTrainer::new(Momentum::new(0.1), 1);
    trainer.state_mut().optimizer_state[0].1.kernel = [[0.0]; 8];
    trainer.state_mut().optimizer_state[0].0.kernel = [[0.0; 8]; 4];
}
