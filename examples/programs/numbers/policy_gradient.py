"""A network learns to balance a pole on a cart by trying (REINFORCE: Williams, 1992; the game: Barto et al., 1983).

The full run takes 11 seconds. The figure at the end: for how many of 500 steps the pole stays up, the mean of 100
games; moves at random keep it up for about 22.
"""

import sys

import numpy as np

import gradus
from gradus import nn, optim
from gradus.nn import functional as F

fast = "--fast" in sys.argv
rounds, games, longest = (15, 32, 200) if fast else (80, 64, 500)
gradus.seed(0)
rng = np.random.default_rng(0)


def physics(state, right):
    """The carts a fiftieth of a second later: (place, speed, angle, angular speed) of each, pushed right or left."""
    _, speed, angle, turn = state.T
    force, sin, cos = np.where(right, 10.0, -10.0), np.sin(angle), np.cos(angle)
    thrust = (force + 0.05 * turn**2 * sin) / 1.1
    turning = (9.8 * sin - cos * thrust) / (0.5 * (4 / 3 - 0.1 * cos**2 / 1.1))
    moving = thrust - 0.05 * turning * cos / 1.1
    rates = np.stack([speed, moving, turn, turning], axis=1)
    return (state + 0.02 * rates).astype(np.float32)


def up(state):
    """Whether the pole stands within 12 degrees, and the cart is on the track."""
    return (abs(state[:, 2]) < np.radians(12)) & (abs(state[:, 0]) < 2.4)


policy = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 2))
optimizer = optim.Adam(policy.parameters(), lr=1e-2)


@gradus.compile
def act(states):
    """A move for each game, drawn with the probabilities that the policy says."""
    return gradus.multinomial(F.softmax(policy(states), axis=1), 1)[:, 0]


@gradus.compile
def train_step(states, moves, advantages):
    """Moves that came to more than usual become more likely, others less."""
    optimizer.zero_grad()
    log_p = F.log_softmax(policy(states), axis=1).take_along_axis(moves.reshape(-1, 1), axis=1)[:, 0]
    loss = -(log_p * advantages).mean()
    loss.backward()
    optim.clip_grad_norm_(policy.parameters(), 1.0)
    optimizer.step()
    return loss


def play(games):
    """So many games side by side: states, moves, and whether the pole was still up, each (longest, games, ...)."""
    state, alive = rng.uniform(-0.05, 0.05, (games, 4)).astype(np.float32), np.ones(games, bool)
    states, moves, lived = [], [], []
    while alive.any() and len(states) < longest:
        move = act(state).numpy()
        states.append(state)
        moves.append(move)
        lived.append(alive)
        state = np.where(alive[:, None], physics(state, move == 1), state)
        alive = alive & up(state)
    return np.stack(states), np.stack(moves), np.stack(lived)


shown = []  # for how many steps the pole stays up, round by round
for number in range(rounds):
    states, moves, lived = play(games)
    shown.append(lived.sum() / games)
    gains, later = np.zeros(lived.shape, np.float32), np.zeros(games, np.float32)
    for t in reversed(range(len(lived))):
        gains[t] = later = lived[t] * (1 + 0.99 * later)  # steps still to come, those far away counting less
    usual = gains.sum(axis=1, keepdims=True) / lived.sum(axis=1, keepdims=True)
    advantages = (gains - usual) * lived
    advantages /= advantages.std() + 1e-6
    full = [np.zeros((longest, *a.shape[1:]), a.dtype) for a in (states, moves, advantages)]  # one shape, one program
    for whole, part in zip(full, (states, moves, advantages), strict=True):
        whole[: len(part)] = part
    states, moves, advantages = (a.reshape(-1, *a.shape[2:]) for a in full)
    train_step(states, moves, advantages)
    if number % (rounds // 5) == 0:
        print(f"round {number:3}  the pole stays up for {shown[-1]:.0f} steps")

figure = float(play(100)[2].sum() / 100)
print(f"steps that the pole stays up, of {longest}: {figure:.1f}")
