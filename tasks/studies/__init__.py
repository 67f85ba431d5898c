"""What compares many trainings: its settings, and the pages in docs/ that say what came of them.

jobs.py         one training, and the file that keeps what came of it
running.py      many at once, on this machine or on a cluster, which go on where they were stopped
page.py         pages whose tables are made by a command
stages.py       the three stages beside what each shall reach
experiments.py  the table of experiments of dSprites VSA
leaderboard.py, leaderboard_page.py         the symbolic model beside the VAE family
position_grid.py, position_figures.py       beta-VAEs and ID-GANs that never see some positions
sequence_bias.py, sequence_bias_page.py     parameters of a sequence by likelihood and by factorised posteriors
vae_page.py     one VAE, latent by latent
"""
